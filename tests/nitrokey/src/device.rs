//! The device that the application runs on: flash in a file, randomness of this machine.

use std::path::PathBuf;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use trussed::pipe::TrussedChannel;
use trussed::virt::{Runner, StorageConfig, Store, StoreConfig, UserInterface};

use crate::backends::{BACKENDS, Backends};

/// How the application speaks to the device.
pub(crate) type Client<'a> = trussed::virt::Client<'a, Backends>;

/// trussed's own virtual device draws the same random numbers in each run: all cards would be twins.
struct Device<'a> {
    rng: ChaCha20Rng,
    store: Store<'a>,
    ui: UserInterface,
}

impl<'a> trussed::platform::Platform for Device<'a> {
    type R = ChaCha20Rng;
    type S = Store<'a>;
    type UI = UserInterface;

    fn rng(&mut self) -> &mut Self::R {
        &mut self.rng
    }

    fn store(&self) -> Self::S {
        self.store
    }

    fn user_interface(&mut self) -> &mut Self::UI {
        &mut self.ui
    }
}

/// Runs a device with this flash until the work with it is done.
pub(crate) fn with_client<R>(
    flash: PathBuf,
    work: impl FnOnce(Client<'_>) -> Result<R, Box<dyn std::error::Error>>,
) -> Result<R, Box<dyn std::error::Error>> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    // The application has part of its memory outside the chip, whatever it is told: so all of it lies there.
    let mut store = StoreConfig {
        internal: StorageConfig::ram(),
        external: StorageConfig::filesystem(flash),
        volatile: StorageConfig::ram(),
    };
    store.with_store(|store| {
        let device = Device { rng: ChaCha20Rng::from_seed(seed), store, ui: UserInterface::new() };
        let channel = TrussedChannel::new();
        let (requester, responder) = channel.split().ok_or("the channel is in use")?;
        let mut runner = Runner::new();
        runner.add_endpoint(responder, "piv", BACKENDS);
        let client = Client::new(requester, runner.syscall(), None);
        runner.run(device, Backends::new(), || work(client))
    })
}
