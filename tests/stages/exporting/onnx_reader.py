"""Reads the messages of an ONNX file without the package onnx: what a test looks at, and no more."""

from collections import defaultdict


def read_message(content):
    """The values of each field, by number: whole numbers, or bytes, which may be a message of their own."""
    fields, position = defaultdict(list), 0
    while position < len(content):
        key, position = read_varint(content, position)
        if key & 7 == 0:
            value, position = read_varint(content, position)
        else:
            length = 4
            if key & 7 == 2:
                length, position = read_varint(content, position)
            value, position = content[position : position + length], position + length
            assert len(value) == length
        fields[key >> 3].append(value)
    return fields


def read_varint(content, position):
    """A whole number and the position behind it."""
    value = shift = 0
    while True:
        value |= (content[position] & 127) << shift
        position, shift = position + 1, shift + 7
        if content[position - 1] < 128:
            return value, position
