//! A USB peripheral and the host controller at the other end of its cable: one packet buffer per endpoint, and the rules of USB 2.0 by
//! which packets make up transfers (5.5.3, 5.8.3, 8.5.3).

use std::collections::VecDeque;
use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use usb_device::bus::{PollResult, UsbBus};
use usb_device::endpoint::{EndpointAddress, EndpointType};
use usb_device::{Result, UsbDirection, UsbError};

use super::server::Event;
use super::wire::{Command, Direction, End, Submit, submitted, unlinked};

const ENDPOINTS: usize = 16;

/// The host's side, shared with the peripheral.
#[derive(Clone, Default)]
pub(crate) struct Controller(Arc<Mutex<Wires>>);

/// The peripheral, as `usb-device` wants it.
pub(crate) struct VirtualBus(Controller);

#[derive(Default)]
struct Wires {
    into: [Endpoint; ENDPOINTS],
    out: [Endpoint; ENDPOINTS],
    control: VecDeque<Control>,
    /// A SETUP packet lies in the buffer of endpoint 0 and was not read yet.
    setup: bool,
    reset: bool,
    host: Option<TcpStream>,
    moved: bool,
}

#[derive(Default)]
struct Endpoint {
    packet_max: usize,
    used: bool,
    packet: Option<Vec<u8>>,
    transfers: VecDeque<Transfer>,
    stalled: bool,
    /// A packet has left, and the device was not told yet.
    complete: bool,
}

struct Transfer {
    sequence: u32,
    length: usize,
    data: Vec<u8>,
    done: usize,
}

struct Control {
    transfer: Transfer,
    setup: [u8; 8],
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Setup,
    Data,
    Status,
}

impl Controller {
    pub(crate) fn happen(&self, event: Event) {
        let mut wires = self.wires();
        match event {
            Event::Attached(host) => {
                wires.host = Some(host);
                wires.reset = true;
            }
            Event::Detached => {
                wires.host = None;
                wires.control.clear();
                for endpoint in wires.endpoints() {
                    endpoint.transfers.clear();
                    endpoint.packet = None;
                }
                wires.reset = true;
            }
            Event::Command(Command::Submit(submit)) => wires.submit(submit),
            Event::Command(Command::Unlink { sequence, target }) => wires.unlink(sequence, target),
        }
        wires.run();
    }

    /// Whether anything moved since this was asked last.
    pub(crate) fn moved(&self) -> bool {
        std::mem::take(&mut self.wires().moved)
    }

    fn wires(&self) -> MutexGuard<'_, Wires> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wires {
    fn endpoints(&mut self) -> impl Iterator<Item = &mut Endpoint> {
        self.into.iter_mut().chain(&mut self.out)
    }

    fn submit(&mut self, submit: Submit) {
        let Submit { sequence, endpoint, direction, length, setup, data } = submit;
        let transfer = Transfer { sequence, length, data, done: 0 };
        match (endpoint, direction) {
            (0, _) => self.control.push_back(Control { transfer, setup, stage: Stage::Setup }),
            (number, Direction::In) => self.into[number].transfers.push_back(transfer),
            (number, Direction::Out) => self.out[number].transfers.push_back(transfer),
        }
    }

    fn unlink(&mut self, sequence: u32, target: u32) {
        let mut pending = false;
        self.control.retain(|control| keep(control.transfer.sequence, target, &mut pending));
        for endpoint in self.into.iter_mut().chain(&mut self.out) {
            endpoint.transfers.retain(|transfer| keep(transfer.sequence, target, &mut pending));
        }
        self.tell(&unlinked(sequence, pending));
    }

    fn tell(&mut self, bytes: &[u8]) {
        if let Some(host) = &mut self.host
            && let Err(error) = host.write_all(bytes)
        {
            // The reader of the connection finds out too, and unplugs.
            log::info!("cannot answer the host: {error}");
        }
    }

    /// Moves packets, one transaction after the other, until somebody has to do something.
    fn run(&mut self) {
        loop {
            let mut moved = self.run_control();
            for number in 1..ENDPOINTS {
                moved |= self.run_out(number);
                moved |= self.run_in(number);
            }
            self.moved |= moved;
            if !moved || self.setup {
                return;
            }
        }
    }

    fn run_out(&mut self, number: usize) -> bool {
        let endpoint = &mut self.out[number];
        let Some(transfer) = endpoint.transfers.front_mut() else { return false };
        if endpoint.stalled {
            return self.finish_out(number, End::Stalled);
        }
        if endpoint.packet.is_some() {
            return false;
        }
        let end = (transfer.done + endpoint.packet_max).min(transfer.data.len());
        endpoint.packet = Some(transfer.data[transfer.done..end].to_vec());
        transfer.done = end;
        if end == transfer.data.len() {
            self.finish_out(number, End::Done);
        }
        true
    }

    fn finish_out(&mut self, number: usize, end: End) -> bool {
        if let Some(transfer) = self.out[number].transfers.pop_front() {
            self.tell(&submitted(transfer.sequence, end, transfer.done, &[]));
        }
        true
    }

    fn run_in(&mut self, number: usize) -> bool {
        let endpoint = &mut self.into[number];
        let Some(transfer) = endpoint.transfers.front_mut() else { return false };
        let end = if endpoint.stalled {
            End::Stalled
        } else {
            let Some(packet) = endpoint.packet.take() else { return false };
            endpoint.complete = true;
            transfer.data.extend(&packet);
            // A transfer ends with a packet that is not full, or when the host has all it asked for.
            if packet.len() == endpoint.packet_max && transfer.data.len() < transfer.length {
                return true;
            }
            if transfer.data.len() > transfer.length { End::Overrun } else { End::Done }
        };
        if let Some(transfer) = endpoint.transfers.pop_front() {
            let data = if end == End::Done { transfer.data } else { Vec::new() };
            self.tell(&submitted(transfer.sequence, end, data.len(), &data));
        }
        true
    }

    fn run_control(&mut self) -> bool {
        let Some(control) = self.control.front_mut() else { return false };
        let (into, out) = (&mut self.into[0], &mut self.out[0]);
        let to_host = control.setup[0] & 0x80 != 0;
        if control.stage != Stage::Setup && (into.stalled || out.stalled) {
            (into.packet, out.packet) = (None, None);
            return self.finish_control(End::Stalled);
        }
        match control.stage {
            Stage::Setup => {
                out.packet = Some(control.setup.to_vec());
                into.packet = None;
                (into.stalled, out.stalled, self.setup) = (false, false, true);
                control.stage = if control.transfer.length == 0 { Stage::Status } else { Stage::Data };
                true
            }
            Stage::Data | Stage::Status if self.setup => false,
            Stage::Data if to_host => {
                let Some(packet) = into.packet.take() else { return false };
                into.complete = true;
                control.transfer.data.extend(&packet);
                if packet.len() < into.packet_max || control.transfer.data.len() >= control.transfer.length {
                    control.stage = Stage::Status;
                }
                true
            }
            Stage::Data => {
                if out.packet.is_some() {
                    return false;
                }
                let transfer = &mut control.transfer;
                let end = (transfer.done + out.packet_max).min(transfer.data.len());
                out.packet = Some(transfer.data[transfer.done..end].to_vec());
                transfer.done = end;
                if end == transfer.data.len() {
                    control.stage = Stage::Status;
                }
                true
            }
            Stage::Status if to_host => {
                if out.packet.is_some() || into.complete {
                    return false;
                }
                out.packet = Some(Vec::new());
                self.finish_control(End::Done)
            }
            Stage::Status => {
                if into.packet.take().is_none() {
                    return false;
                }
                into.complete = true;
                self.finish_control(End::Done)
            }
        }
    }

    fn finish_control(&mut self, end: End) -> bool {
        let Some(control) = self.control.pop_front() else { return true };
        let to_host = control.setup[0] & 0x80 != 0;
        let mut data = if to_host && end == End::Done { control.transfer.data } else { Vec::new() };
        // Never more than the host asked for: its kernel would trust the length.
        data.truncate(control.transfer.length);
        let actual = if to_host { data.len() } else { control.transfer.done };
        self.tell(&submitted(control.transfer.sequence, end, actual, &data));
        true
    }
}

fn keep(sequence: u32, target: u32, pending: &mut bool) -> bool {
    *pending |= sequence == target;
    sequence != target
}

impl VirtualBus {
    pub(crate) fn new(controller: Controller) -> Self {
        Self(controller)
    }

    fn with<R>(&self, address: EndpointAddress, act: impl FnOnce(&mut Endpoint) -> R) -> R {
        let mut wires = self.0.wires();
        let endpoints = if address.is_in() { &mut wires.into } else { &mut wires.out };
        act(&mut endpoints[address.index()])
    }
}

impl UsbBus for VirtualBus {
    fn alloc_ep(
        &mut self,
        direction: UsbDirection,
        address: Option<EndpointAddress>,
        _kind: EndpointType,
        packet_max: u16,
        _interval: u8,
    ) -> Result<EndpointAddress> {
        let mut wires = self.0.wires();
        let endpoints = if direction == UsbDirection::In { &mut wires.into } else { &mut wires.out };
        let number = match address {
            Some(address) => address.index(),
            None => (1..ENDPOINTS).find(|number| !endpoints[*number].used).ok_or(UsbError::EndpointOverflow)?,
        };
        let endpoint = &mut endpoints[number];
        if std::mem::replace(&mut endpoint.used, true) {
            return Err(UsbError::InvalidEndpoint);
        }
        endpoint.packet_max = usize::from(packet_max);
        Ok(EndpointAddress::from_parts(number, direction))
    }

    fn enable(&mut self) {}

    fn reset(&self) {
        for endpoint in self.0.wires().endpoints() {
            endpoint.packet = None;
            endpoint.stalled = false;
            endpoint.complete = false;
        }
    }

    fn set_device_address(&self, _address: u8) {}

    fn write(&self, address: EndpointAddress, packet: &[u8]) -> Result<usize> {
        self.with(address, |endpoint| {
            if packet.len() > endpoint.packet_max {
                return Err(UsbError::BufferOverflow);
            }
            if endpoint.packet.is_some() {
                return Err(UsbError::WouldBlock);
            }
            endpoint.packet = Some(packet.to_vec());
            Ok(packet.len())
        })
        .inspect(|_| self.0.wires().run())
    }

    fn read(&self, address: EndpointAddress, into: &mut [u8]) -> Result<usize> {
        let packet = self.with(address, |endpoint| endpoint.packet.take()).ok_or(UsbError::WouldBlock)?;
        let mut wires = self.0.wires();
        if address.index() == 0 {
            wires.setup = false;
        }
        into.get_mut(..packet.len()).ok_or(UsbError::BufferOverflow)?.copy_from_slice(&packet);
        wires.run();
        Ok(packet.len())
    }

    fn set_stalled(&self, address: EndpointAddress, stalled: bool) {
        self.with(address, |endpoint| endpoint.stalled = stalled);
        let mut wires = self.0.wires();
        if address.index() == 0 && stalled {
            wires.setup = false;
        }
        wires.run();
    }

    fn is_stalled(&self, address: EndpointAddress) -> bool {
        self.with(address, |endpoint| endpoint.stalled)
    }

    fn suspend(&self) {}

    fn resume(&self) {}

    fn poll(&self) -> PollResult {
        let mut wires = self.0.wires();
        if std::mem::take(&mut wires.reset) {
            return PollResult::Reset;
        }
        wires.run();
        let (mut ep_out, mut ep_in_complete, mut ep_setup) = (0, 0, 0);
        for number in 0..ENDPOINTS {
            let bit = 1 << number;
            match (wires.out[number].packet.is_some(), number == 0 && wires.setup) {
                (true, true) => ep_setup |= bit,
                (true, false) => ep_out |= bit,
                (false, _) => {}
            }
            if std::mem::take(&mut wires.into[number].complete) {
                ep_in_complete |= bit;
            }
        }
        if ep_out | ep_in_complete | ep_setup == 0 {
            return PollResult::None;
        }
        wires.moved = true;
        PollResult::Data { ep_out, ep_in_complete, ep_setup }
    }
}
