"""Holds the card in a reader for itself, as a program that has borrowed it does, until its input ends."""
import ctypes
import sys

pcsc = ctypes.CDLL("libpcsclite.so.1")
context, card, protocol = ctypes.c_long(), ctypes.c_long(), ctypes.c_ulong()
EXCLUSIVE, ANY = 1, 3
assert pcsc.SCardEstablishContext(ctypes.c_ulong(2), None, None, ctypes.byref(context)) == 0
reader = sys.argv[1].encode()
said = pcsc.SCardConnect(context, reader, ctypes.c_ulong(EXCLUSIVE), ctypes.c_ulong(ANY), ctypes.byref(card), ctypes.byref(protocol))
assert said == 0, hex(said & 0xFFFFFFFF)
print("held", flush=True)
sys.stdin.read()
