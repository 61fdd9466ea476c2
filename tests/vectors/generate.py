#!/usr/bin/python3
"""Writes the format vectors beside this file, with nothing of Lanvault: `cryptography`, `lzma`, `zlib`, `hashlib`, `hmac`.

Run once per format change (`/usr/bin/python3 tests/vectors/generate.py`) and review the diff: a vector that changes is a
format that breaks. Values copied from a standard name it; the script checks that Python's libraries agree with them.
"""
import base64
import hashlib
import hmac
import json
import lzma
import pathlib
import zlib

from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HERE = pathlib.Path(__file__).parent
BLOCK = 1 << 20


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def seeded(label: str, size: int) -> bytes:
    """Bytes that look random and are the same every time."""
    return b"".join(sha256(f"{label} {i}".encode()) for i in range(size // 32 + 1))[:size]


def write(name: str, vectors) -> None:
    (HERE / f"{name}.json").write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n")


def token(plaintext: bytes, key: bytes, iv: bytes, timestamp: int = 0) -> bytes:
    fernet = Fernet(base64.urlsafe_b64encode(key))
    return base64.urlsafe_b64decode(fernet._encrypt_from_parts(plaintext, timestamp, iv))


# --- Fernet ------------------------------------------------------------------------------------------------------
SPEC_SECRET = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
SPEC_TOKEN = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=="
# https://github.com/fernet/spec, invalid.json. Lanvault's tokens have no lifetime, so the two of time are readable.
SPEC_INVALID = [
    ("incorrect mac", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ=="),
    ("too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=="),
    ("invalid base64", "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q=="),
    ("payload size not multiple of block size", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm"),
    ("payload padding error", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw=="),
    ("far-future TS (unacceptable clock skew)", "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw=="),
    ("expired TTL", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q=="),
    ("incorrect IV (causes padding error)", "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ=="),
]


def fernet_vectors():
    key = base64.urlsafe_b64decode(SPEC_SECRET)
    spec_iv = bytes(range(16))
    assert base64.urlsafe_b64encode(token(b"hello", key, spec_iv, 499162800)).decode() == SPEC_TOKEN
    invalid = []
    for description, text in SPEC_INVALID:
        try:
            plaintext = Fernet(SPEC_SECRET).decrypt(text.encode()).hex()
        except InvalidToken:
            plaintext = None
        invalid.append({"description": description, "token": text, "plaintext_without_ttl": plaintext})
    assert [v["plaintext_without_ttl"] is None for v in invalid] == [True, True, True, True, True, False, False, True]
    generated = []
    for size in (0, 1, 15, 16, 17, 31, 32, 33, 255):
        key, iv, plaintext = seeded(f"key {size}", 32), seeded(f"iv {size}", 16), seeded(f"text {size}", size)
        generated.append(
            {"key": key.hex(), "iv": iv.hex(), "plaintext": plaintext.hex(), "token": token(plaintext, key, iv).hex()}
        )
    return {
        "source": "https://github.com/fernet/spec (spec, invalid); python cryptography (generated, timestamp 0)",
        "spec": {"secret": SPEC_SECRET, "token": SPEC_TOKEN, "iv": spec_iv.hex(), "src": "hello", "timestamp": 499162800},
        "invalid": invalid,
        "generated": generated,
    }


# --- HKDF, RFC 5869 appendix A (SHA-256), and the vault's labels ------------------------------------------------
RFC_5869 = [
    ("0b" * 22, "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", 42,
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
    (bytes(range(0x00, 0x50)).hex(), bytes(range(0x60, 0xB0)).hex(), bytes(range(0xB0, 0x100)).hex(), 82,
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
     "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"),
    ("0b" * 22, "", "", 42,
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
]


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def hkdf_vectors():
    rfc = []
    for secret, salt, info, length, output in RFC_5869:
        assert hkdf(bytes.fromhex(secret), bytes.fromhex(salt), bytes.fromhex(info), length).hex() == output
        rfc.append({"secret": secret, "salt": salt, "info": info, "length": length, "output": output})
    vault = []
    for n in range(3):
        secret, device, publication = seeded(f"vault {n}", 32), seeded(f"device {n}", 16), seeded(f"publication {n}", 16)
        derive = lambda info: hkdf(secret, b"lanvault/1", info, 32)
        publish = derive(b"publish" + publication)
        vault.append({
            "secret": secret.hex(), "device_id": device.hex(), "publication_id": publication.hex(),
            "delete_key": derive(b"delete" + device).hex(), "publish_seed": publish.hex(),
            "publish_public_key": public_key(publish).hex(), "index_seed": derive(b"index").hex(),
        })
    return {"source": "RFC 5869 appendix A.1-A.3 (rfc); python cryptography (vault)", "rfc": rfc, "vault": vault}


# --- Ed25519, RFC 8032 section 7.1 -------------------------------------------------------------------------------
RFC_8032 = [
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"),
    ("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     hashlib.sha512(b"abc").hexdigest(),
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
     "3dca179c138ac17ad9bef1177331a704"),
]


def public_key(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )


def ed25519_vectors():
    vectors = []
    for seed, public, message, signature in RFC_8032:
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        assert public_key(bytes.fromhex(seed)).hex() == public
        assert private.sign(bytes.fromhex(message)).hex() == signature
        vectors.append({"seed": seed, "public_key": public, "message": message, "signature": signature})
    # A signature with its scalar plus the group order: valid to a lax verifier, another signature for the same message.
    order = 2**252 + 27742317777372353535851937790883648493
    valid = bytes.fromhex(RFC_8032[1][3])
    scalar = int.from_bytes(valid[32:], "little") + order
    malleable = valid[:32] + scalar.to_bytes(32, "little")
    try:
        Ed25519PrivateKey.from_private_bytes(bytes.fromhex(RFC_8032[1][0])).public_key().verify(malleable, b"\x72")
        raise AssertionError("the library accepts a malleable signature")
    except InvalidSignature:
        pass
    # A commitment R that is the identity, encoded with y = p + 1: the equation holds, the encoding is not RFC 8032's.
    seed, public, message, _ = RFC_8032[1]
    r = ((1 << 255) - 19 + 1).to_bytes(32, "little")
    secret_scalar = bytearray(hashlib.sha512(bytes.fromhex(seed)).digest()[:32])
    secret_scalar[0] &= 248
    secret_scalar[31] = secret_scalar[31] & 127 | 64
    k = int.from_bytes(hashlib.sha512(r + bytes.fromhex(public) + bytes.fromhex(message)).digest(), "little")
    s = k * int.from_bytes(secret_scalar, "little") % order
    unreduced = r + s.to_bytes(32, "little")
    # Under a key of small order (here the identity) R = identity, S = 0 fits any message.
    identity = b"\x01" + bytes(31)
    return {"source": "RFC 8032 section 7.1: TEST 1, 2, 3, SHA(abc)", "vectors": vectors,
            "malleable": {**vectors[1], "signature": malleable.hex()},
            "unreduced": {**vectors[1], "signature": unreduced.hex()},
            "small_order": {"public_key": identity.hex(), "message": "72", "signature": (identity + bytes(32)).hex()}}


# --- chunks ------------------------------------------------------------------------------------------------------
COMPRESS = {
    "none": lambda data: data,
    "zlib": lambda data: zlib.compress(data),
    "xz": lambda data: lzma.compress(data, lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, preset=1 | lzma.PRESET_EXTREME),
}


def chunk_vectors():
    vectors = []
    for name, unit, size, compression in [
        ("one byte", b"a", 1, "none"),
        ("15 bytes", seeded("15", 15), 15, "none"),
        ("16 bytes", seeded("16", 16), 16, "none"),
        ("17 bytes", seeded("17", 17), 17, "none"),
        ("text, zlib", b"The quick brown fox jumps over the lazy dog. ", 450, "zlib"),
        ("text, xz", b"The quick brown fox jumps over the lazy dog. ", 450, "xz"),
        ("block - 1", seeded("unit", 997), BLOCK - 1, "none"),
        ("block", seeded("unit", 997), BLOCK, "none"),
        ("block, zlib", seeded("unit", 997), BLOCK, "zlib"),
        ("block, xz", seeded("unit", 997), BLOCK, "xz"),
    ]:
        plaintext = (unit * (size // len(unit) + 1))[:size]
        key, iv, delete_key = seeded(name + " key", 32), seeded(name + " iv", 16), seeded(name + " delete", 32)
        body = token(COMPRESS[compression](plaintext), key, iv)
        body_hash = sha256(body)
        delete_token = hmac.new(delete_key, body_hash, "sha256").digest()
        verifier = sha256(delete_token)
        chunk = verifier + body
        vectors.append({
            "name": name, "unit": unit.hex(), "size": size, "compression": compression, "key": key.hex(),
            "iv": iv.hex(), "delete_key": delete_key.hex(), "body_hash": body_hash.hex(),
            "delete_token": delete_token.hex(), "verifier": verifier.hex(), "id": sha256(verifier + body_hash).hex(),
            # Large ones are told by their hash, but for those that compression makes small.
            "chunk_sha256": sha256(chunk).hex(), "chunk": chunk.hex() if len(chunk) < 16384 else None,
        })
    return {"source": "python cryptography, lzma, zlib, hashlib; plaintext is `unit` repeated up to `size`", "vectors": vectors}


# --- Merkle trees, RFC 6962 section 2.1, by its recursive definition ---------------------------------------------
def merkle(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + merkle(leaves[:split]) + merkle(leaves[split:]))


def merkle_vectors():
    leaves = [seeded(f"leaf {i}", 32) for i in range(100)]
    return {"source": "RFC 6962 section 2.1, recursive, python hashlib", "leaves": [leaf.hex() for leaf in leaves],
            "roots": {str(n): merkle(leaves[:n]).hex() for n in (*range(18), 31, 32, 33, 63, 64, 65, 99, 100)}}


# --- manifests ---------------------------------------------------------------------------------------------------
def manifest(filename, media_type, size, compressions):
    ids = [seeded(f"{filename} {i}", 32) for i in range(-(-size // BLOCK))]
    return {
        "format": "lanvault/1", "filename": filename, "type": media_type, "size": size,
        "created": "2026-11-23T05:00:00Z", "block_size": BLOCK,
        "key": base64.urlsafe_b64encode(seeded(filename + " key", 32)).decode(), "merkle_root": merkle(ids).hex(),
        "chunks": [{"index": i, "id": id.hex(), "size": min(BLOCK, size - i * BLOCK),
                    "compression": compressions[i % len(compressions)]} for i, id in enumerate(ids)],
    }


def manifest_vectors():
    vectors = []
    for args in [
        ("a.pdf", "application/pdf", 2_500_000, ["xz"]),
        ("empty", "application/octet-stream", 0, ["xz"]),
        ("one byte.txt", "text/plain; charset=utf-8", 1, ["none"]),
        ("full.bin", "application/octet-stream", 3 * BLOCK, ["none", "zlib", "xz"]),
        ("photos/2026/\u00e9t\u00e9 \U0001f3d6 \"quoted\" \u2028.jpg", "image/jpeg", 5 * BLOCK + 1, ["none"]),
    ]:
        value = manifest(*args)
        # RFC 8785 for objects whose keys are ASCII and whose numbers are integers.
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        vectors.append({"manifest": value, "canonical_sha256": sha256(canonical.encode()).hex()})
    return {"source": "python json, hashlib; the id is canonical_sha256", "vectors": vectors}


# --- capability links --------------------------------------------------------------------------------------------
def capability_vectors():
    value = manifest("a.pdf", "application/pdf", 2_500_000, ["xz"])
    payload = json.dumps({"kind": "manifest", **value}).encode()
    key, delete_key = seeded("link key", 32), seeded("link delete", 32)
    body = token(COMPRESS["xz"](payload), key, seeded("link iv", 16))
    body_hash = sha256(body)
    verifier = sha256(hmac.new(delete_key, body_hash, "sha256").digest())
    id, text = sha256(verifier + body_hash).hex(), base64.urlsafe_b64encode(key).decode().rstrip("=")
    return {"source": "python", "id": id, "key": key.hex(), "link": f"lanvault:{id}#{text}",
            "web_link": f"http://localhost:8888/#/open/{id}.{text}", "chunk": (verifier + body).hex(), "manifest": value}


# --- owners' manifests and links ---------------------------------------------------------------------------------
def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sealed(name, payload):
    key, delete_key = seeded(name + " key", 32), seeded(name + " delete", 32)
    body = token(COMPRESS["xz"](json.dumps(payload).encode()), key, seeded(name + " iv", 16))
    delete_token = hmac.new(delete_key, sha256(body), "sha256").digest()
    chunk = sha256(delete_token) + body
    id = sha256(chunk[:32] + sha256(body)).hex()
    return {"id": id, "chunk": chunk.hex(), "link": f"lanvault:{id}#{b64(key)}", "token": delete_token,
            "right": b64(delete_token + sha256(body))}


def owner_vectors():
    rights, ids = [], []
    for i in range(3):
        delete_token, body_hash = seeded(f"owner token {i}", 32), seeded(f"owner body {i}", 32)
        rights.append(b64(delete_token + body_hash))
        ids.append(sha256(sha256(delete_token) + body_hash))
    value = manifest("owned.bin", "application/octet-stream", 2 * BLOCK + 5, ["none"])
    value["merkle_root"] = merkle(ids).hex()
    for row, id in zip(value["chunks"], ids):
        row["id"] = id.hex()
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    reader = sealed("reader", {"kind": "manifest", **value})
    part = sealed("part", {"kind": "deletions", "deletions": rights[1:] + [reader["right"]]})
    first = sealed("first", {"kind": "deletions", "deletions": rights[:1]})
    owner_link = lambda each: f"{each['link']}.{b64(each['token'])}"
    root = sealed("root", {"kind": "owner", "manifest": reader["link"], "parts": [owner_link(first), owner_link(part)]})
    return {"source": "python", "manifest": {**value, "deletions": rights}, "canonical_sha256": sha256(canonical.encode()).hex(),
            "rights": rights, "link": owner_link(root),
            "web_link": "http://localhost:8888/#/open/" + owner_link(root)[9:].replace("#", "."),
            # What the link gives the right to delete, in order.
            "ids": [id.hex() for id in ids] + [each["id"] for each in (reader, root, first, part)],
            "chunks": {each["id"]: each["chunk"] for each in (reader, root, first, part)}}


if __name__ == "__main__":
    write("fernet", fernet_vectors())
    write("hkdf", hkdf_vectors())
    write("ed25519", ed25519_vectors())
    write("chunk", chunk_vectors())
    write("merkle", merkle_vectors())
    write("manifest", manifest_vectors())
    write("capability", capability_vectors())
    write("owner", owner_vectors())
