use super::*;

/// What a pinentry of our own makes of the conversation.
fn held(script: &str) -> Result<TypedPin, Trouble> {
    let mut child =
        Command::new("/bin/sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let dialog = Dialog { to: child.stdin.take().unwrap(), from: child.stdout.take().unwrap() };
    let (card, holder, entry) = ("a".into(), "田中 100%".into(), sekisho_ipc::PinEntry::Keyboard);
    let question = Question { card, holder, tries_left: Some(2), entry, waiting: None, expired: None, trouble: None };
    let held = dialog.hold(&question, 60, Language::Japanese);
    child.wait().unwrap();
    held.map(|mut pins| pins.pop().unwrap())
}

/// Answers OK to everything, and this to GETPIN.
fn answering(answer: &str) -> String {
    format!(
        "echo OK here; while read line; do case \"$line\" in GETPIN) printf '{answer}'; break;; OPTION*) echo 'ERR 83886254 unknown';; \
         *) echo OK;; esac; done"
    )
}

#[test]
fn what_was_typed_comes_out_and_nothing_else() {
    for (answer, pin) in
        [("D 246813\\nOK\\n", "246813"), ("S PASSWORD_FROM_CACHE\\n# note\\nD 12%%2525%%0a5\\nOK\\n", "12%25\n5")]
    {
        // printf halves each percent sign.
        let typed = held(&answering(answer)).unwrap();
        let framed = typed.frame();
        match framed {
            Ok(frame) => assert_eq!(frame.expose(), pin.as_bytes()),
            Err(error) => assert_eq!((error, pin.len() > 6), (PinFrameError::NotAscii, true), "{pin:?}"),
        }
    }
    assert_eq!(held(&answering("OK\\n")).unwrap().frame().unwrap_err(), PinFrameError::Length);
}

#[test]
fn who_gives_up_is_told_from_a_pinentry_that_cannot() {
    for answer in ["ERR 83886179 Operation cancelled\\n", "ERR 83886194 Fully cancelled\\n"] {
        assert!(matches!(held(&answering(answer)), Err(Trouble::Cancelled)), "{answer}");
    }
    assert!(matches!(held(&answering("ERR 83886142 Timeout\\n")), Err(Trouble::GivenUp)));
    assert!(matches!(held(&answering("ERR 83918950 Inappropriate ioctl\\n")), Err(Trouble::Refused(83_918_950))));
    assert!(matches!(held(&answering("D 2468")), Err(Trouble::Gone)), "half a line");
    assert!(matches!(held(&answering("hello\\n")), Err(Trouble::Strange)));
    assert!(matches!(held(&answering("D 24%%2\\nOK\\n")), Err(Trouble::Strange)));
    assert!(matches!(held("exit 1"), Err(Trouble::Gone)));
    let long = format!("head -c {} /dev/zero | tr '\\0' D", LINE + 1);
    assert!(matches!(held(&long), Err(Trouble::Strange)));
}

#[test]
fn texts_with_newlines_are_one_line() {
    assert_eq!(encoded("a%\r\nb"), "a%25%0D%0Ab");
}

#[test]
fn a_new_pin_is_typed_twice_and_nothing_is_framed_unless_both_are_the_same() {
    let typed = |text: &str| {
        let mut pin = TypedPin::default();
        text.bytes().for_each(|byte| pin.push(byte));
        pin
    };
    let all = |texts: &[&str]| framed(&texts.iter().map(|text| typed(text)).collect::<Vec<_>>());
    assert_eq!(all(&["246813"]).unwrap().len(), 1);
    let changed = all(&["246813", "7g3k9x", "7g3k9x"]).unwrap();
    assert_eq!(changed.iter().map(|frame| frame.expose().to_vec()).collect::<Vec<_>>(), [b"246813", b"7g3k9x"]);
    assert!(matches!(all(&["246813", "7g3k9x", "7g3k9y"]), Err(Unsent::Differs)));
    assert!(matches!(all(&["246813", "7g3", "7g3"]), Err(Unsent::NotAPin(PinFrameError::Length))));
}
