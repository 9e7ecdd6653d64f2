#!/usr/bin/env python3
"""Adds the Sekisho token to the list of readers of libccid: Info.plist in, Info.plist out.

pcscd binds a reader by vendor and product alone, and libccid looks both up in its own list: a reader that is in neither is not seen
(PC/SC Lite, hotplug_libudev.c; libccid, ccid_usb.c). Nothing else of the list is touched, and adding twice changes nothing.
"""

import plistlib
import sys

VENDOR, PRODUCT, NAME = "0x1209", "0x5E15", "Sekisho Operator card"

listed = plistlib.load(sys.stdin.buffer)
vendors, products, names = (listed[key] for key in ("ifdVendorID", "ifdProductID", "ifdFriendlyName"))
if (VENDOR, PRODUCT) not in zip(vendors, products):
    vendors.append(VENDOR)
    products.append(PRODUCT)
    names.append(NAME)
plistlib.dump(listed, sys.stdout.buffer)
