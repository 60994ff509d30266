"""Writes codes.csv: the value of each of the 256 codes of the two 8-bit float formats, as exact fractions.

From the tables of the OCP 8-bit Floating Point Specification (OFP8), revision 1.0: table 1 (exponent bits and bias) and
table 2 (which codes are zeros, subnormal, normal, infinite and NaN).
"""
from fractions import Fraction


def value(code, exponent_bits, fraction_bits, bias, infinities, nans):
    bits = format(code, "08b")
    sign = "-" if bits[0] == "1" else ""
    if bits[1:] in infinities:
        return sign + "inf"
    if bits[1:] in nans:
        return "nan"
    exponent = int(bits[1:1 + exponent_bits], 2)
    fraction = sum(Fraction(1, 2 ** (i + 1)) for i, bit in enumerate(bits[1 + exponent_bits:]) if bit == "1")
    power = Fraction(2) ** ((exponent if exponent else 1) - bias)
    return sign + str(power * ((1 if exponent else 0) + fraction))


with open("codes.csv", "w") as out:
    for code in range(256):
        e4m3 = value(code, 4, 3, 7, (), ("1111111",))
        e5m2 = value(code, 5, 2, 15, ("1111100",), ("1111101", "1111110", "1111111"))
        print(code, e4m3, e5m2, sep=",", file=out)
