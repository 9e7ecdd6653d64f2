//! libpam on both sides: the functions that it calls, and those of its own that we call. The one place with unsafe code.
//!
//! Seven functions of a C interface that has not changed since 1999; no crate has them all (log, environment, conversation).
#![allow(unsafe_code, reason = "a PAM module is a C library")]

use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::ptr;

use sekisho_ipc::PinFrame;
use zeroize::Zeroize;

use crate::application::{Application, NoPin, Tone};
use crate::options::Options;
use crate::outcome::Outcome;
use crate::{authenticate, session};

/// A handle of libpam.
#[repr(C)]
struct Opaque {
    _private: [u8; 0],
}

/// `struct pam_message`.
#[repr(C)]
struct Message {
    style: c_int,
    text: *const c_char,
}

/// `struct pam_response`.
#[repr(C)]
struct Response {
    text: *mut c_char,
    _code: c_int,
}

/// `struct pam_conv`.
#[repr(C)]
struct Conversation {
    speak: Option<unsafe extern "C" fn(c_int, *mut *const Message, *mut *mut Response, *mut c_void) -> c_int>,
    data: *mut c_void,
}

// The library's full name: to build, its development package is not needed.
#[link(name = "libpam.so.0", kind = "dylib", modifiers = "+verbatim")]
unsafe extern "C" {
    fn pam_get_item(handle: *const Opaque, item: c_int, value: *mut *const c_void) -> c_int;
    fn pam_get_user(handle: *mut Opaque, user: *mut *const c_char, prompt: *const c_char) -> c_int;
    fn pam_getenv(handle: *mut Opaque, name: *const c_char) -> *const c_char;
    fn pam_putenv(handle: *mut Opaque, assignment: *const c_char) -> c_int;
    fn pam_modutil_getpwnam(handle: *mut Opaque, user: *const c_char) -> *mut libc::passwd;
    fn pam_syslog(handle: *const Opaque, priority: c_int, format: *const c_char, ...);
}

// `_pam_types.h` of Linux-PAM.
const SUCCESS: c_int = 0;
const ITEM_REMOTE_HOST: c_int = 4;
const ITEM_CONVERSATION: c_int = 5;
const ECHO_OFF: c_int = 1;
const ERROR_MESSAGE: c_int = 3;
const TEXT_INFO: c_int = 4;
const SILENT: c_int = 0x8000;

/// Declares a function that libpam calls.
macro_rules! entry {
    ($name:ident, $work:expr) => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(
            handle: *mut Opaque,
            flags: c_int,
            argc: c_int,
            argv: *const *const c_char,
        ) -> c_int {
            // SAFETY: libpam calls this with a live handle and `argc` strings in `argv` that outlive the call.
            unsafe { enter(handle, flags, argc, argv, $work) }
        }
    };
}

entry!(pam_sm_authenticate, authenticate::authenticate);
entry!(pam_sm_acct_mgmt, session::may_go_on);
entry!(pam_sm_close_session, session::end);
entry!(pam_sm_open_session, session::begin);
// There is no credential to hand out: the session is open since the PIN.
entry!(pam_sm_setcred, |_, _| Outcome::Success);

type Work = fn(&dyn Application, &Options) -> Outcome;

/// Does the work of one call. No panic leaves it, nor does one write to the standard error of somebody else's process.
///
/// # Safety
/// `handle` is a live handle of libpam, `argv` has `argc` strings; both outlive the call.
unsafe fn enter(handle: *mut Opaque, flags: c_int, argc: c_int, argv: *const *const c_char, work: Work) -> c_int {
    let speaks = if flags & SILENT == 0 { Speaks::Yes } else { Speaks::No };
    let handle = Handle { handle, speaks };
    // Of our own copy of the standard library; the program, if it is in Rust, has another.
    set_hook(Box::new(|_| ()));
    let done = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: as our caller says.
        let words = unsafe { arguments(argc, argv) };
        match Options::parse(words.iter().map(String::as_str)) {
            Ok(options) => work(&handle, &options),
            Err(why) => {
                handle.log(&why);
                Outcome::BadStanza
            }
        }
    }));
    let outcome = done.unwrap_or_else(|panic| {
        handle.log(&format!("a fault of this module: {}", panic_text(panic.as_ref())));
        Outcome::Fault
    });
    outcome.code()
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown")
}

/// # Safety
/// `argv` has `argc` strings.
unsafe fn arguments(argc: c_int, argv: *const *const c_char) -> Vec<String> {
    let places = 0..usize::try_from(argc).unwrap_or(0);
    // SAFETY: as our caller says, and each place is below `argc`.
    places.filter_map(|place| unsafe { owned(*argv.add(place)) }).collect()
}

/// # Safety
/// `text` is null or a C string.
unsafe fn owned(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, so a C string, as our caller says.
    unsafe { CStr::from_ptr(text) }.to_str().ok().map(str::to_owned)
}

/// Text for libpam. A NUL in it would end it: none comes through.
fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "")).unwrap_or_default()
}

/// Whether the program wants to hear anything but questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Yes,
    No,
}

struct Handle {
    handle: *mut Opaque,
    speaks: Speaks,
}

impl Handle {
    fn item(&self, item: c_int) -> *const c_void {
        let mut value = ptr::null();
        // SAFETY: the handle lives as long as the call that made us; libpam writes one pointer.
        let found = unsafe { pam_get_item(self.handle, item, &raw mut value) };
        if found == SUCCESS { value } else { ptr::null() }
    }

    fn text_item(&self, item: c_int) -> Option<String> {
        // SAFETY: the items that we ask for here are C strings or null, and nobody sets them meanwhile.
        unsafe { owned(self.item(item).cast()) }.filter(|text| !text.is_empty())
    }

    /// One message of the conversation, and its answer.
    fn converse(&self, style: c_int, text: &str) -> Option<Answer> {
        // SAFETY: libpam keeps this item as long as the handle; it is null or a conversation.
        let conversation = unsafe { self.item(ITEM_CONVERSATION).cast::<Conversation>().as_ref() }?;
        let speak = conversation.speak?;
        let text = c_text(text);
        let message = Message { style, text: text.as_ptr() };
        let (mut messages, mut responses) = (&raw const message, ptr::null_mut());
        // SAFETY: one message, as announced, that lives until the call returns; the program writes one pointer.
        let spoken = unsafe { speak(1, &raw mut messages, &raw mut responses, conversation.data) };
        if spoken != SUCCESS || responses.is_null() {
            return None;
        }
        // SAFETY: the program answered one message with one response, whose text is null or ours now.
        let answer = Answer(unsafe { (*responses).text });
        // SAFETY: the array is ours now, allocated by malloc, and freed nowhere else (pam_conv(3)).
        unsafe { libc::free(responses.cast()) };
        Some(answer)
    }
}

/// What was typed, from malloc, or null. None of it stays behind.
struct Answer(*mut c_char);

impl Answer {
    fn bytes(&self) -> Option<&[u8]> {
        // SAFETY: not null, so a C string that nobody changes as long as we have it.
        (!self.0.is_null()).then(|| unsafe { CStr::from_ptr(self.0) }.to_bytes())
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(length) = self.bytes().map(<[u8]>::len) {
            // SAFETY: these bytes stand before the string's end, and nobody else uses them.
            unsafe { std::slice::from_raw_parts_mut(self.0.cast::<u8>(), length) }.zeroize();
        }
        // SAFETY: null or from malloc, as pam_conv(3) says, ours since the program gave it to us, and not used after this.
        unsafe { libc::free(self.0.cast()) };
    }
}

impl Application for Handle {
    fn user(&self) -> Option<String> {
        let mut user = ptr::null();
        // SAFETY: the handle lives; libpam writes one pointer, to a C string of its own.
        let found = unsafe { pam_get_user(self.handle, &raw mut user, ptr::null()) };
        // SAFETY: as above.
        if found == SUCCESS { unsafe { owned(user) } } else { None }
    }

    fn uid_of(&self, user: &str) -> Option<u32> {
        let user = c_text(user);
        // SAFETY: the handle lives, the name is a C string; libpam keeps the answer as long as the handle.
        let entry = unsafe { pam_modutil_getpwnam(self.handle, user.as_ptr()) };
        // SAFETY: null or an entry.
        unsafe { entry.as_ref() }.map(|entry| entry.pw_uid)
    }

    fn remote_host(&self) -> Option<String> {
        self.text_item(ITEM_REMOTE_HOST)
    }

    fn starter(&self) -> u32 {
        rustix::process::getuid().as_raw()
    }

    fn variable(&self, name: &str) -> Option<String> {
        let name = c_text(name);
        // SAFETY: the handle lives, the name is a C string; the answer is null or a C string of libpam's.
        unsafe { owned(pam_getenv(self.handle, name.as_ptr())) }
    }

    fn inherited(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn set_variable(&self, name: &str, value: &str) {
        let assignment = c_text(&format!("{name}={value}"));
        // SAFETY: the handle lives, libpam copies the C string.
        let set = unsafe { pam_putenv(self.handle, assignment.as_ptr()) };
        if set != SUCCESS {
            self.log(&format!("cannot set {name}"));
        }
    }

    fn tell(&self, tone: Tone, text: &str) {
        let style = match tone {
            Tone::Request => TEXT_INFO,
            Tone::Refusal => ERROR_MESSAGE,
        };
        if self.speaks == Speaks::Yes {
            let _ = self.converse(style, text);
        }
    }

    fn ask_pin(&self, question: &str) -> Result<PinFrame, NoPin> {
        let answer = self.converse(ECHO_OFF, question).ok_or(NoPin::NoAnswer)?;
        PinFrame::new(answer.bytes().ok_or(NoPin::NoAnswer)?).map_err(NoPin::NotOne)
    }

    fn log(&self, text: &str) {
        let text = c_text(text);
        // SAFETY: the handle lives; the format takes one C string, and there is one.
        unsafe { pam_syslog(self.handle, libc::LOG_AUTHPRIV | libc::LOG_NOTICE, c"%s".as_ptr(), text.as_ptr()) };
    }
}
