"""Placement, written a second time from its description only, to make placement.json.

Usage: python3 tests/vectors/placement.py > tests/vectors/placement.json
"""
import hashlib
import json
import random

DOMAIN = b"lanvault/1 placement\0"


def cost(digest: bytes) -> int:
    value = int.from_bytes(digest, "big")
    length = value.bit_length()
    m = (value << 26) >> length  # the 26 bits from the first one-bit on
    log = 0
    for _ in range(24):
        m = m * m
        log *= 2
        if m >= 1 << 51:
            log += 1
            m >>= 26
        else:
            m >>= 25
    return (256 - length + 1) * (1 << 24) - log


def order(key: str, members: list) -> list:
    key_bytes = bytes.fromhex(key)
    storing = [m for m in members if m["capacity"] > 0]
    storing.sort(key=lambda m: int(m["id"], 16) ^ int(key, 16))
    near, far = storing[:20], storing[20:]
    exponents = sorted(m["capacity"].bit_length() - 1 for m in near)
    median = exponents[(len(exponents) - 1) // 2] if exponents else 0

    def rank(m):
        digest = hashlib.sha256(DOMAIN + key_bytes + bytes.fromhex(m["id"])).digest()
        exponent = min(m["capacity"].bit_length() - 1, median + 2)
        # cost / 2^exponent compared as integers; among equals the greater hash first
        return (cost(digest) << (64 - exponent), -int.from_bytes(digest, "big"))

    near.sort(key=rank)
    seen, first, rest = set(), [], []
    for m in near:
        (rest if m["machine"] in seen else first).append(m)
        seen.add(m["machine"])
    return [m["id"] for m in first + rest + far]


def main():
    rng = random.Random(20261123)

    def hex32():
        return rng.randbytes(32).hex()

    shapes = [
        ("no members", 0, lambda i: (1, "m")),
        ("one member", 1, lambda i: (10**10, "m")),
        ("three members, equal", 3, lambda i: (10**10, f"m{i}")),
        ("seven members on one host", 7, lambda i: (10**10, "m")),
        ("twenty members, own hosts", 20, lambda i: (10**10, f"m{i}")),
        ("fifty members, own hosts", 50, lambda i: (10**10, f"m{i}")),
        ("fifty members on four hosts", 50, lambda i: (10**10, f"m{i % 4}")),
        ("mixed capacities, some without storage", 24, lambda i: ([0, 1, 10**9, 2**30, 3 * 10**12, 2**53 - 1][i % 6], f"m{i}")),
        ("mixed capacities on few hosts", 60, lambda i: (rng.choice([10**9, 10**10, 10**11, 10**12]), f"m{i % 7}")),
    ]
    placements = []
    for name, count, make in shapes:
        members = []
        for i in range(count):
            capacity, machine = make(i)
            members.append({"id": hex32(), "capacity": capacity, "machine": machine})
        keys = [hex32() for _ in range(4)]
        placements.append({"name": name, "members": members,
                           "keys": [{"key": key, "order": order(key, members)} for key in keys]})
    hashes = [hex32() for _ in range(8)]
    hashes += ["f" * 64, "8" + "0" * 63, "7" + "f" * 63, "00" * 31 + "01", "00" * 28 + "0a0b0c0d", "01" + "ff" * 31]
    costs = [{"hash": h, "cost": cost(bytes.fromhex(h))} for h in hashes]
    print(json.dumps({"costs": costs, "placements": placements}, indent=1))


main()
