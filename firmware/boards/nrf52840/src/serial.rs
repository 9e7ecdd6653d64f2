//! The serial number that the token tells on USB: the chip's own (product specification, FICR.DEVICEID), in hexadecimal.

/// As text.
#[derive(Debug)]
pub struct Serial([u8; 16]);

impl Serial {
    /// From the two words of DEVICEID, the higher one first.
    #[must_use]
    pub fn of(device_id: [u32; 2]) -> Self {
        let number = u64::from(device_id[0]) << 32 | u64::from(device_id[1]);
        let mut digits = [0; 16];
        for (at, digit) in (0..).zip(digits.iter_mut().rev()) {
            let value = (number >> (4 * at) & 0xF) as u8;
            *digit = if value < 10 { b'0' + value } else { b'A' + value - 10 };
        }
        Self(digits)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // ASCII digits are UTF-8.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Serial;

    #[test]
    fn every_chip_has_sixteen_digits_of_its_own() {
        assert_eq!(Serial::of([0, 0]).as_str(), "0000000000000000");
        assert_eq!(Serial::of([0x0123_4567, 0x89AB_CDEF]).as_str(), "0123456789ABCDEF");
    }
}
