//! Days, as certificates and CHUIDs carry them.

/// A day of the calendar, from 1950 to 9999: what both a certificate and a CHUID can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// From when to when a certificate claims to hold. It decides nothing at a terminal: the register does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first day. Choose one in the past where clocks may differ.
    pub from: Day,
    /// The day on which it ends.
    pub until: Day,
}

impl Day {
    /// A day that exists; `None` for 30 February and its like.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 0,
        };
        if year >= 1950 && year <= 9999 && day >= 1 && day <= days { Some(Self { year, month, day }) } else { None }
    }

    /// `YYYYMMDD`, as in a CHUID.
    #[must_use]
    pub fn digits(self) -> [u8; 8] {
        let mut digits = [b'0'; 8];
        let mut rest = u32::from(self.year) * 10_000 + u32::from(self.month) * 100 + u32::from(self.day);
        for digit in digits.iter_mut().rev() {
            // A remainder of ten is a digit.
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        digits
    }

    pub(crate) const fn parts(self) -> (i32, u8, u8) {
        (self.year as i32, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn only_days_of_the_calendar_are_days() {
        assert_eq!(Day::new(2028, 2, 29).map(Day::digits), Some(*b"20280229"));
        assert_eq!(Day::new(2030, 3, 31).map(Day::digits), Some(*b"20300331"));
        for (year, month, day) in
            [(2027, 2, 29), (2100, 2, 29), (2027, 13, 1), (2027, 4, 31), (2027, 1, 0), (1949, 1, 1)]
        {
            assert_eq!(Day::new(year, month, day), None, "{year} {month} {day}");
        }
    }
}
