#!/usr/bin/python3
"""Writes protocol.json: what docs/formats.md, docs/protocol.md and docs/relay-protocol.md say, written a second time from those pages only.

Usage: /usr/bin/python3 tests/vectors/protocol.py. Review the diff: a vector that changes is a protocol that breaks.
"""
import base64
import hashlib
import hmac
import json
import pathlib
import struct

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HERE = pathlib.Path(__file__).parent


def H(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def HMAC(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, "sha256").digest()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


def seeded(label: str, size: int) -> bytes:
    """Bytes that look random and are the same every time."""
    return b"".join(H(f"{label} {i}".encode()) for i in range(size // 32 + 1))[:size]


class Signer:
    def __init__(self, seed: bytes):
        self.seed = seed
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        self.public = self.private.public_key().public_bytes(*raw)

    def sign(self, message: bytes) -> str:
        return self.private.sign(message).hex()


def receipt():
    signer, chunk, size, nonce = Signer(seeded("relay", 32)), seeded("chunk", 32), 1_048_681, seeded("nonce", 16)
    relay = H(signer.public)
    message = b"lanvault/1 receipt\0" + relay + chunk + u64(size) + nonce
    return {
        "seed": signer.seed.hex(), "message": message.hex(),
        "receipt": {"relay": relay.hex(), "public_key": signer.public.hex(), "chunk": chunk.hex(), "size": size,
                    "nonce": nonce.hex(), "signature": signer.sign(message)},
    }


def tombstone():
    token, body_hash = seeded("token", 32), seeded("body", 32)
    return {"tombstone": {"body_hash": body_hash.hex(), "token": token.hex()}, "id": H(H(token) + body_hash).hex()}


def audit():
    nonce, relay, chunk = seeded("audit nonce", 16), seeded("audit relay", 32), seeded("audit chunk", 105)
    return {"nonce": nonce.hex(), "relay": relay.hex(), "chunk": chunk.hex(),
            "http": H(nonce + chunk).hex(), "link": H(nonce + relay + chunk).hex()}


def records():
    signer, value, seq = Signer(seeded("record", 32)), seeded("value", 100), 7
    public = signer.public
    atomic = b"lanvault/1 atomic\0" + public + u64(seq) + value
    shard = public[0] % 16
    link = f"lanvault:{seeded('manifest', 32).hex()}#{b64(seeded('key', 32))}"
    publication = {"v": 1, "n": "été.pdf", "s": 2_500_000, "t": "application/pdf", "c": "2026-11-23T05:00:00Z",
                   "i": seeded("manifest", 32).hex(), "k": b64(seeded("key", 32))}
    text = json.dumps(publication, separators=(",", ":"), ensure_ascii=False).encode()
    catalog = H(b"lanvault/1 catalog\0" + bytes([shard]))
    entry = b"lanvault/1 list entry\0" + catalog + public + text
    removal = b"lanvault/1 list removal\0" + catalog + H(entry)
    digest = lambda signature, rows: H("".join([f"{signature}\n", *(f"{row}\n" for row in rows)]).encode()).hex()
    return {
        "seed": signer.seed.hex(),
        "atomic": {"public_key": public.hex(), "seq": seq, "value": b64(value), "signature": signer.sign(atomic)},
        "atomic_key": H(b"lanvault/1 atomic key\0" + public).hex(),
        "atomic_digest": digest(signer.sign(atomic), []),
        "shard": shard, "list": catalog.hex(), "publication": publication, "link": link,
        "entry": {"public_key": public.hex(), "value": b64(text), "signature": signer.sign(entry)},
        "entry_id": H(entry).hex(),
        "entry_digest": digest("", [f"{H(entry).hex()}{public.hex()}"]),
        "removal": {"entry": H(entry).hex(), "public_key": public.hex(), "signature": signer.sign(removal)},
        "removed_digest": digest("", [f"{H(entry).hex()}{public.hex()}-"]),
    }


# --- private swarms; XChaCha20-Poly1305 by draft-irtf-cfrg-xchacha-03 ---------------------------------------------
def hchacha20(key: bytes, nonce: bytes) -> bytes:
    state = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8L", key), *struct.unpack("<4L", nonce)]

    def quarter(a, b, c, d):
        for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            turned = state[z] ^ state[x]
            state[z] = (turned << bits | turned >> (32 - bits)) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, i + 4, i + 8, i + 12)
        for i in range(4):
            quarter(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12)
    return struct.pack("<8L", *state[:4], *state[12:])


# The draft's own vector, section 2.2.1.
assert hchacha20(bytes(range(32)), bytes.fromhex("000000090000004a0000000031415927")).hex() == (
    "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc")


def xchacha20poly1305(key: bytes, nonce: bytes, plain: bytes) -> bytes:
    return nonce + ChaCha20Poly1305(hchacha20(key, nonce[:16])).encrypt(bytes(4) + nonce[16:], plain, None)


def swarm():
    secret = seeded("swarm", 32)
    keys = {use: HMAC(secret, f"lanvault/1 swarm {use}".encode()) for use in ("datagram", "link", "client")}
    proof = lambda key, role, context: HMAC(keys[key], f"lanvault/1 proof {role}\0".encode() + context).hex()
    challenge, nonce, handshake = seeded("challenge", 56), seeded("client nonce", 16), seeded("handshake", 64)
    hello = {"type": "HELLO", "v": 1, "id": seeded("hello", 32).hex(), "port": 8000, "link": 8100}
    text, sent_at = json.dumps(hello, separators=(",", ":")), 1_795_413_600_000
    return {
        "key_file": b64(secret) + "\n", "keys": {use: key.hex() for use, key in keys.items()},
        "challenge": challenge.hex(), "nonce": nonce.hex(), "client": proof("client", "client", challenge + nonce),
        "relay": proof("client", "relay", challenge + nonce),
        "handshake_hash": handshake.hex(), "initiator": proof("link", "initiator", handshake),
        "responder": proof("link", "responder", handshake),
        "hello": text, "sent_at": sent_at,
        "datagram": xchacha20poly1305(keys["datagram"], seeded("datagram", 24), u64(sent_at) + text.encode()).hex(),
    }


# --- gossip and link messages ------------------------------------------------------------------------------------
def gossip():
    def digest(ids, prefix):
        inside = sorted(id for id in ids if id.startswith(prefix))
        if len(prefix) == 16:
            inside = inside[:32]
        if len(inside) <= 32:
            return H(b"\0" + b"".join(bytes.fromhex(id) for id in inside))
        return H(b"\1" + b"".join(digest(inside, prefix + digit) for digit in "0123456789abcdef"))

    sets = {}
    for count in (0, 1, 32, 33, 600):
        sets[str(count)] = digest([H(f"id {i}".encode()).hex() for i in range(count)], "").hex()
    # Ground by an attacker: 40 that share 16 digits.
    ground = [("ab" * 8 + H(f"ground {i}".encode()).hex())[:64] for i in range(40)]
    return {"ids": "H('id 0'), H('id 1'), …", "digests": sets, "ground": {"ids": ground, "digest": digest(ground, "").hex()}}


def chunk_messages():
    request, id, nonce = (7).to_bytes(4, "big"), seeded("wire id", 32), seeded("wire nonce", 16)
    size = (1_048_681).to_bytes(4, "big")
    return {
        "request": 7, "id": id.hex(), "size": 1_048_681, "nonce": nonce.hex(), "body": seeded("wire body", 50).hex(),
        "put": (request + id + size + nonce).hex(), "put_body": (request + seeded("wire body", 50)).hex(),
        "get": (request + id).hex(), "found": (request + size).hex(), "cancel": request.hex(),
        "failed": (request + b'{"code":"NOT_FOUND","message":"no"}').hex(),
    }


# --- vaults ------------------------------------------------------------------------------------------------------
def vault():
    secret = seeded("vault secret", 32)
    devices = sorted(seeded(f"device {i}", 16).hex() for i in range(3))

    def derive(info: bytes) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=b"lanvault/1", info=info).derive(secret)

    def record(seed: bytes, seq: int, text: str):
        signer, fernet = Signer(seed), Fernet(base64.urlsafe_b64encode(derive(b"index seal")))
        token = fernet._encrypt_from_parts(text.ljust(768).encode(), 0, seeded(text[:30], 16))
        value = base64.urlsafe_b64decode(token)
        message = b"lanvault/1 atomic\0" + signer.public + u64(seq) + value
        return {"public_key": signer.public.hex(), "seq": seq, "value": b64(value), "signature": signer.sign(message)}

    link = f"lanvault:{seeded('root', 32).hex()}#{b64(seeded('root key', 32))}"
    listed = "lanvault-devices/1 " + b64(b"".join(bytes.fromhex(each) for each in devices))
    entries = [
        {"id": seeded(f"entry {i}", 16).hex(), "kind": "folder",
         "place": {"at": [i + 1, devices[0]], "parent": None, "name": f"folder {i} " + "x" * 200}}
        for i in range(1400)
    ]
    texts = sorted((each["id"], json.dumps(each, sort_keys=True, separators=(",", ":"), ensure_ascii=False)) for each in entries)
    # The least power of two with which parts have 64 KiB on average.
    parts = 1
    while sum(len(text.encode()) + 1 for _, text in texts) / parts > 65_536:
        parts *= 2
    groups = [[text for id, text in texts if int(id[:8], 16) * parts >> 32 == part] for part in range(parts)]
    payloads = [f'{{"kind":"vault-index-part","entries":[{",".join(group)}]}}' for group in groups if group]
    assert len(payloads) > 2 and all(len(payload) <= 1 << 20 for payload in payloads)
    return {
        "secret": secret.hex(), "devices": devices,
        "seal_key": derive(b"index seal").hex(), "index_seed": derive(b"index").hex(),
        "index_copy_seed": derive(b"index copy").hex(),
        "device_index_seed": derive(b"index" + bytes.fromhex(devices[0])).hex(),
        "link": link, "link_record": record(derive(b"index" + bytes.fromhex(devices[0])), 3, "lanvault-index/1 " + link),
        "devices_record": record(derive(b"index"), 5, listed),
        "devices_copy_record": record(derive(b"index copy"), 4, listed),
        "root": json.dumps({"kind": "vault-index", "version": 1, "devices": devices, "parts": [link]}, separators=(",", ":")),
        "packed": {"entries": "1400 folders: id seeded('entry i', 16), stamp i + 1, name 'folder i ' and 200 x",
                   "parts": [H(payload.encode()).hex() for payload in payloads]},
    }


if __name__ == "__main__":
    vectors = {
        "source": "python cryptography, hashlib, hmac",
        "receipt": receipt(), "tombstone": tombstone(), "audit": audit(), "records": records(), "swarm": swarm(),
        "machine": {"id": "0123456789abcdef0123456789abcdef",
                    "hash": H(b"lanvault/1 machine\0" + b"0123456789abcdef0123456789abcdef").hex()[:16]},
        "gossip": gossip(), "chunk_messages": chunk_messages(), "vault": vault(),
    }
    (HERE / "protocol.json").write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n")
