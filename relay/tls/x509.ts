/** X.509 v3 certificates (RFC 5280) signed with ECDSA P-256 and SHA-256 (RFC 5758), as much as an authority of one's own needs. */
import { createHash, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { addressBytes, subnetBytes } from './address-bytes.ts';
import {
  TRUE,
  bitString,
  contextConstructed,
  contextPrimitive,
  integer,
  objectId,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

const VERSION_3 = Buffer.of(2);
const SERIAL_BYTES = 16;
/** RFC 7093 §2, method 1. */
const KEY_ID_BYTES = 20;
/** `GeneralName`'s choices. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

export interface CertificateFields {
  /** Encoded, by `distinguishedName`. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** Wall time, ms. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** In DER, with a random serial number. Both keys are P-256. */
export function signCertificate(fields: CertificateFields, signingKey: KeyObject): Buffer {
  const algorithm = sequence(objectId(OID.ecdsaWithSha256));
  const toBeSigned = sequence(
    contextConstructed(0, integer(VERSION_3)),
    integer(randomSerial()),
    algorithm,
    fields.issuer,
    sequence(time(fields.notBeforeMs), time(fields.notAfterMs)),
    fields.subject,
    publicKeyInfo(fields.publicKey),
    contextConstructed(3, sequence(...fields.extensions)),
  );
  return sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, signingKey)));
}

export function distinguishedName(commonName: string): Buffer {
  return sequence(
    set(sequence(objectId(OID.organization), utf8String('Lanvault'))),
    set(sequence(objectId(OID.commonName), utf8String(commonName))),
  );
}

/** Of an authority that signs leaves only, for servers only, within what `permitted` lists: domain names and subnets. */
export function authorityExtensions(
  publicKey: KeyObject,
  permitted: { readonly names: readonly string[]; readonly networks: readonly string[] },
): Buffer[] {
  const subtrees = [
    ...permitted.names.map((name) => contextPrimitive(DNS_NAME, Buffer.from(name))),
    ...permitted.networks.map((network) => contextPrimitive(IP_ADDRESS, subnetBytes(network))),
  ].map((base) => sequence(base));
  return [
    critical(OID.basicConstraints, sequence(TRUE, integer(Buffer.of(0)))),
    // keyCertSign, the sixth of nine bits.
    critical(OID.keyUsage, bitString(Buffer.of(0b0000_0100), 2)),
    extension(OID.extendedKeyUsage, sequence(objectId(OID.serverAuth))),
    extension(OID.subjectKeyIdentifier, octetString(keyId(publicKey))),
    critical(OID.nameConstraints, sequence(contextConstructed(0, ...subtrees))),
  ];
}

/** Of a server of these names and addresses. */
export function serverExtensions(names: readonly string[], authorityKey: KeyObject): Buffer[] {
  const alternatives = names.map((name) =>
    isIP(name) === 0
      ? contextPrimitive(DNS_NAME, Buffer.from(name))
      : contextPrimitive(IP_ADDRESS, addressBytes(name)),
  );
  return [
    critical(OID.basicConstraints, sequence()),
    // digitalSignature, the first bit.
    critical(OID.keyUsage, bitString(Buffer.of(0b1000_0000), 7)),
    extension(OID.extendedKeyUsage, sequence(objectId(OID.serverAuth))),
    extension(OID.authorityKeyIdentifier, sequence(contextPrimitive(0, keyId(authorityKey)))),
    extension(OID.subjectAltName, sequence(...alternatives)),
  ];
}

function extension(oid: string, value: Buffer): Buffer {
  return sequence(objectId(oid), octetString(value));
}

/** Who does not understand it must refuse the certificate. */
function critical(oid: string, value: Buffer): Buffer {
  return sequence(objectId(oid), TRUE, octetString(value));
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function keyId(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return createHash('sha256').update(point).digest().subarray(0, KEY_ID_BYTES);
}

/** RFC 5280 §4.1.2.2: positive, at most 20 bytes; without a leading zero byte, as DER has integers. */
function randomSerial(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}
