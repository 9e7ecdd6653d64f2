//! The management key 9B: SP 800-73-4 part 2, 3.2.4 and appendix A.1 (§C18, §C19).
//!
//! Each witness and challenge serves one attempt. Before the host has shown that it holds the key, the card encrypts and
//! decrypts nothing that the host has chosen: otherwise it would answer its own challenges.

use aes::Aes256;
use aes::cipher::{BlockEncrypt, KeyInit};
use heapless::VecView;
use sekisho_wire::piv::{Algorithm, TAG_CHALLENGE, TAG_RESPONSE, TAG_WITNESS};
use sekisho_wire::secret::SecretBytes;
use sekisho_wire::status::Status;

use crate::authenticate::{Template, write_template};
use crate::dispatch::Applet;
use crate::persistent::{Fault, MANAGEMENT_KEY_LENGTH};
use crate::platform::Platform;
use crate::volatile::CHALLENGE_LENGTH;

/// The four messages of the two dialogues.
enum Message<'a> {
    RequestWitness,
    AnswerWitness { witness: &'a [u8], challenge: &'a [u8] },
    RequestChallenge,
    AnswerChallenge { response: &'a [u8] },
}

impl<'a> Message<'a> {
    /// Each message has one form. An empty `82` says only where the answer is wanted.
    fn parse(template: &Template<'a>) -> Result<Self, Status> {
        match (template.witness, template.challenge, template.response) {
            (Some([]), None, None | Some([])) => Ok(Self::RequestWitness),
            (Some(witness), Some(challenge), None | Some([])) => Ok(Self::AnswerWitness { witness, challenge }),
            (None, Some([]), None | Some([])) => Ok(Self::RequestChallenge),
            (None, None, Some(response)) => Ok(Self::AnswerChallenge { response }),
            _ => Err(Status::WRONG_DATA),
        }
    }
}

impl<P: Platform> Applet<P> {
    pub(crate) fn authenticate_management(
        &mut self,
        algorithm: u8,
        template: Result<Template<'_>, Status>,
        out: &mut VecView<u8>,
    ) -> Result<(), Status> {
        let message = if algorithm == Algorithm::Aes256.byte() {
            template.and_then(|template| Message::parse(&template))
        } else {
            Err(Status::WRONG_PARAMETERS)
        };
        // Nonsense ends the dialogue: nothing that was asked for before can be answered after it.
        match message.inspect_err(|_| self.volatile.forget_management())? {
            Message::RequestWitness => self.send_witness(out),
            Message::AnswerWitness { witness, challenge } => self.answer_host(witness, challenge, out),
            Message::RequestChallenge => self.send_challenge(out),
            Message::AnswerChallenge { response } => self.volatile.judge_response(response),
        }
    }

    fn send_witness(&mut self, out: &mut VecView<u8>) -> Result<(), Status> {
        self.volatile.forget_management();
        let witness = self.random_block()?;
        let encrypted = self.encrypt(witness)?;
        self.volatile.await_witness(witness);
        write_template(TAG_WITNESS, &encrypted, out)
    }

    fn answer_host(&mut self, witness: &[u8], challenge: &[u8], out: &mut VecView<u8>) -> Result<(), Status> {
        self.volatile.judge_witness(witness)?;
        let answer = match challenge.try_into() {
            Ok(challenge) => self.encrypt(challenge).map_err(Status::from),
            Err(_) => Err(Status::WRONG_DATA),
        };
        // A host that got no answer does not know the card, so the card does not know the host.
        let answer = answer.inspect_err(|_| self.volatile.forget_management())?;
        write_template(TAG_RESPONSE, &answer, out)
    }

    fn send_challenge(&mut self, out: &mut VecView<u8>) -> Result<(), Status> {
        self.volatile.forget_management();
        let challenge = self.random_block()?;
        let response = self.encrypt(challenge)?;
        self.volatile.await_response(response);
        write_template(TAG_CHALLENGE, &challenge, out)
    }

    /// Yubico's SET MANAGEMENT KEY.
    pub(crate) fn set_management_key(&mut self, key: &SecretBytes<MANAGEMENT_KEY_LENGTH>) -> Result<(), Status> {
        let _managed = self.volatile.managed()?;
        Ok(self.persistent.set_management_key(key)?)
    }

    fn random_block(&mut self) -> Result<[u8; CHALLENGE_LENGTH], Fault> {
        let mut block = [0; CHALLENGE_LENGTH];
        self.persistent.random(&mut block)?;
        Ok(block)
    }

    fn encrypt(&mut self, block: [u8; CHALLENGE_LENGTH]) -> Result<[u8; CHALLENGE_LENGTH], Fault> {
        let key = self.persistent.management_key()?;
        let mut block = block.into();
        Aes256::new(key.expose().into()).encrypt_block(&mut block);
        Ok(block.into())
    }
}
