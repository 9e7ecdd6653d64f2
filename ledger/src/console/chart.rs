//! Bars in a picture: what was granted, and on top of it what was refused.

/// A picture, in units of its own.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// What it shows.
    pub(crate) title: String,
    /// Its width.
    pub(crate) width: u32,
    /// Its height.
    pub(crate) height: u32,
    /// Where the bars begin.
    pub(crate) left: u32,
    /// Lines across.
    pub(crate) lines: Vec<Line>,
    /// The bars.
    pub(crate) bars: Vec<Bar>,
    /// What stands below them.
    pub(crate) labels: Vec<Label>,
}

/// A line across, with its number.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Where.
    pub(crate) y: u32,
    /// Which number.
    pub(crate) label: u64,
}

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// What it counts.
    pub(crate) class: &'static str,
    /// Left edge.
    pub(crate) x: u32,
    /// Upper edge.
    pub(crate) y: u32,
    /// Width.
    pub(crate) width: u32,
    /// Height.
    pub(crate) height: u32,
    /// What it says.
    pub(crate) title: String,
}

/// A word below.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    /// Its middle.
    pub(crate) x: u32,
    /// The word.
    pub(crate) text: String,
}

/// One place on the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// Its name.
    pub(crate) name: String,
    /// How many were granted.
    pub(crate) granted: u64,
    /// How many were refused.
    pub(crate) refused: u64,
}

impl Chart {
    /// Bars for these counts, side by side.
    pub(crate) fn of(title: String, counts: &[Count]) -> Self {
        let top = round(counts.iter().map(|count| count.granted + count.refused).max().unwrap_or_default());
        let many = u32::try_from(counts.len()).unwrap_or(u32::MAX).max(1);
        let step = (WIDTH - LEFT) / many;
        let width = (step * 7 / 10).clamp(1, 48);
        let tall = |count: u64| u32::try_from(count * u64::from(TALL) / top).unwrap_or(TALL);
        let (mut bars, mut labels) = (Vec::new(), Vec::new());
        let every = many.div_ceil(LABELS);
        for (number, count) in (0..).zip(counts) {
            let x = LEFT + number * step + (step - width) / 2;
            let (granted, refused) = (tall(count.granted), tall(count.refused));
            let bar = |class, y, height, count: u64, name: &str| Bar {
                class,
                x,
                y,
                width,
                height,
                title: format!("{name}: {count}"),
            };
            bars.push(bar("granted", FLOOR - granted, granted, count.granted, &count.name));
            bars.push(bar("refused", FLOOR - granted - refused, refused, count.refused, &count.name));
            if number % every == 0 {
                labels.push(Label { x: x + width / 2, text: count.name.clone() });
            }
        }
        let lines = [0, top / 2, top].map(|label| Line { y: FLOOR - tall(label), label }).to_vec();
        Self { title, width: WIDTH, height: HEIGHT, left: LEFT, lines, bars, labels }
    }
}

/// The next number that is easily read: 2, 4, 10, 20, 40, 100 …
fn round(most: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        let fits = [2, 4, 10].into_iter().map(|step| power.saturating_mul(step)).find(|top| *top >= most);
        match fits {
            Some(top) => return top,
            None => power = power.saturating_mul(10),
        }
    }
}

const WIDTH: u32 = 900;
const HEIGHT: u32 = 240;
const LEFT: u32 = 60;
const TALL: u32 = 200;
const FLOOR: u32 = 214;
/// Most words that stand side by side.
const LABELS: u32 = 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_stands_on_granted_and_the_highest_fits() {
        let count = |granted, refused| Count { name: "x".into(), granted, refused };
        let chart = Chart::of("t".into(), &[count(3, 1), count(0, 0)]);
        let [granted, refused, ..] = chart.bars.as_slice() else { panic!("{chart:?}") };
        assert_eq!((granted.height, refused.height), (150, 50));
        assert_eq!(refused.y + refused.height, granted.y);
        assert_eq!(refused.y, FLOOR - TALL);
    }

    #[test]
    fn the_scale_ends_with_a_round_number() {
        let tops = [(0, 2), (2, 2), (3, 4), (5, 10), (11, 20), (41, 100), (9_999, 10_000)];
        tops.into_iter().for_each(|(most, top)| assert_eq!(round(most), top));
    }
}
