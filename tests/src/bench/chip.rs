//! The card's images for a Cortex-M3 and a Cortex-M4, in QEMU: their size, and what commands cost beside an image that can only sign.

use std::path::Path;
use std::process::Command;

use sekisho_tests::binaries::{chip_images, program};
use sekisho_tests::ledger::succeeded;
use sekisho_tests::scene::Scene;

use crate::Effort;
use crate::report::{Goal, Report};

const KIB: f64 = 1024.0;
const CORTEX_M3: &str = "mps2-an385";
const CORTEX_M4: &str = "mps2-an386";

pub(crate) fn measure(scene: &mut Scene, _: Effort, report: &mut Report) {
    let images = chip_images();
    let (image_flash, statics) = (flash(&images.join("mps2")), statics(&images.join("mps2")));
    let bare_flash = flash(&images.join("bare"));
    let state = scene.scratch.path().join("chip.card");
    let blank = Command::new(program("sekisho-simulator")).arg("new").arg("--state").arg(&state).output();
    succeeded("sekisho-simulator new", &blank.expect("cannot start sekisho-simulator"));
    let run = |machine, image| run(machine, &images.join(image), &state);
    let (card, bare) = (run(CORTEX_M3, "measure"), run(CORTEX_M3, "bare"));
    let assembly = run(CORTEX_M4, "measure-assembly");
    let sign = cost(&card, "sign");
    let bare_sign = cost(&bare, "sign");
    let deepest = card.iter().map(|cost| cost.stack).fold(0.0, f64::max);

    report.goal(
        "card image, flash",
        "≤ 64 KiB",
        Goal::AtMost(64.0),
        image_flash / KIB,
        format!("{:.1} KiB", image_flash / KIB),
    );
    report.from(format!("{:.1} × the bare image, {:.1} KiB", image_flash / bare_flash, bare_flash / KIB));
    let ram = (statics + deepest) / KIB;
    report.goal("card image, RAM", "≤ 24 KiB", Goal::AtMost(24.0), ram, format!("{ram:.1} KiB"));
    report.from(format!("static {:.1} KiB, deepest stack {:.1} KiB, with all buffers", statics / KIB, deepest / KIB));
    let ratio = sign.instructions / bare_sign.instructions;
    report.goal(
        "card image, signature, portable",
        "≤ 6 M instructions",
        Goal::AtMost(6.0),
        sign.instructions / 1e6,
        format!("{:.2} M, {ratio:.3} × bare", sign.instructions / 1e6),
    );
    let fast = cost(&assembly, "sign").instructions;
    report.goal(
        "card image, signature, assembly",
        "≤ 0.3 M instructions",
        Goal::AtMost(0.3),
        fast / 1e6,
        format!("{:.2} M, 1/{:.1} of portable", fast / 1e6, sign.instructions / fast),
    );
    let fast_flash = flash(&images.join("mps2-assembly")) / KIB;
    report.from(format!("flash {fast_flash:.1} KiB"));
    let named = |image, costs: Vec<Cost>| costs.into_iter().map(move |cost| (image, cost));
    let lines = named("card", card).chain(named("assembly", assembly)).chain(named("bare", bare));
    for (image, Cost { name, instructions, stack }) in lines {
        report.from(format!("{image} {name}: {instructions:.0} instructions, stack {:.1} KiB", stack / KIB));
    }
}

/// What an image says of one command.
struct Cost {
    name: String,
    instructions: f64,
    stack: f64,
}

fn cost<'a>(costs: &'a [Cost], name: &str) -> &'a Cost {
    costs.iter().find(|cost| cost.name == name).expect("the image measures it")
}

/// Runs an image on a chip where an instruction takes a nanosecond, until it ends itself.
fn run(machine: &str, image: &Path, state: &Path) -> Vec<Cost> {
    let mut command = Command::new("qemu-system-arm");
    command.args(["-M", machine, "-icount", "shift=0", "-display", "none", "-monitor", "none", "-serial", "none"]);
    let host = format!("enable=on,target=native,arg=sekisho,arg={}", state.display());
    command.args(["-semihosting-config", &host, "-kernel"]).arg(image);
    let output = command.output().expect("cannot start qemu-system-arm");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} ended with {}: {said}", image.display(), output.status);
    let line = |line: &str| {
        let mut words = line.split(' ');
        let (name, instructions, stack) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Cost { name: name.to_owned(), instructions, stack })
    };
    said.lines().filter_map(line).collect()
}

/// Bytes that lie in flash: text and data of `size`.
fn flash(image: &Path) -> f64 {
    let said = size(image, "-B");
    let row = said.lines().nth(1).unwrap_or_default();
    let numbers: Vec<f64> = row.split_whitespace().take(2).filter_map(|word| word.parse().ok()).collect();
    let [text, data] = numbers[..] else { panic!("size: {said}") };
    text + data
}

/// Static bytes in RAM. What stands for the flash lies elsewhere, in memory that only this board has; the stack is not among them.
fn statics(image: &Path) -> f64 {
    let section = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (size, address): (f64, u64) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        RAM.contains(&address).then_some(size)
    };
    let said = size(image, "-A");
    let sections: Vec<f64> = said.lines().filter_map(section).collect();
    assert!(!sections.is_empty(), "size: {said}");
    sections.iter().sum()
}

/// `memory.x` of the board.
const RAM: std::ops::Range<u64> = 0x2000_0000..0x2100_0000;

fn size(image: &Path, format: &str) -> String {
    let output = Command::new("size").arg(format).arg(image).output().expect("cannot start size");
    succeeded("size", &output);
    String::from_utf8_lossy(&output.stdout).into_owned()
}
