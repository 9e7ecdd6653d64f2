//! A card that signs with another key than is known of it, or carries a grant that does not hold: said in a record, once for each insertion and slot.

use sekisho_wire::decision::DecisionInput;
use sekisho_wire::reason::FalseSlot;
use sekisho_wire::record::{Body, CardFalse};

use crate::agent::{Agent, Core};
use crate::session::Insertion;

/// What was recorded of the card that is in: whoever asks it again and again must not fill the journal.
#[derive(Debug, Default)]
pub(crate) struct FalseCards(Vec<(Insertion, FalseSlot)>);

impl FalseCards {
    /// Whether this is worth a record.
    fn is_news(&mut self, insertion: Insertion, slot: FalseSlot) -> bool {
        self.0.retain(|(told, _)| *told == insertion);
        let news = self.0.iter().all(|(_, told)| *told != slot);
        if news {
            self.0.push((insertion, slot));
        }
        news
    }
}

impl Agent {
    /// The signature over this input is not by the key that the register has for its card.
    pub(crate) fn false_card(&self, core: &mut Core, insertion: Insertion, input: &DecisionInput, slot: FalseSlot) {
        log::error!("the card's signature is not by the key that is known of it");
        let Some(card) = input.card else { return };
        if core.false_cards.is_news(insertion, slot) {
            self.write(core, Body::CardFalse(CardFalse { card, reader: input.reader.clone(), slot }));
        }
    }

    /// The grant on a card names our register log, and does not hold. It is read once for each insertion.
    pub(crate) fn false_grant(&self, core: &mut Core, insertion: Insertion) {
        log::error!("the grant on the card is not one of our register log");
        let Some(inserted) = core.machine.card().filter(|card| card.insertion == insertion) else { return };
        let (card, reader, slot) = (inserted.card, inserted.reader.clone(), FalseSlot::Grant);
        self.observe(core, Body::CardFalse(CardFalse { card, reader, slot }));
    }
}

#[cfg(test)]
mod tests {
    use sekisho_ipc::PromptRequest;
    use sekisho_wire::id::CardGuid;
    use sekisho_wire::record::Record;

    use super::*;
    use crate::testing::{Bench, CLERK, RIGHT_PIN, ask, panel, until};

    fn false_cards(bench: &Bench) -> Vec<CardFalse> {
        let of = |record: Record| if let Body::CardFalse(seen) = record.body { Some(seen) } else { None };
        bench.records().into_iter().filter_map(of).collect()
    }

    fn told(slot: FalseSlot) -> CardFalse {
        let reader = sekisho_wire::id::ReaderIdentity::new("name:Bench").ok();
        CardFalse { card: CardGuid([CLERK; 16]), reader, slot }
    }

    #[test]
    fn a_false_card_at_login_is_recorded_once_for_each_insertion() {
        let bench = Bench::new();
        bench.insert(CLERK);
        bench.worker.defraud();
        for _ in 0..3 {
            bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
        }
        assert_eq!(false_cards(&bench), [told(FalseSlot::Authentication)]);
        bench.worker.pull();
        until(|| bench.agent.lock().machine.card().is_none());
        bench.insert(CLERK);
        bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
        assert_eq!(false_cards(&bench).len(), 2);
        bench.assert_replays();
    }

    #[test]
    fn a_card_that_became_another_under_its_session_is_recorded_for_each_key() {
        let bench = Bench::new();
        bench.log_in();
        bench.worker.defraud();
        for _ in 0..2 {
            bench.agent.authorize(&panel(), &ask("koseki")).unwrap();
        }
        assert_eq!(false_cards(&bench), [told(FalseSlot::Presence)]);
        bench.prompt(&PromptRequest::authorize(ask("inkan")), RIGHT_PIN).unwrap_err();
        assert_eq!(false_cards(&bench), [told(FalseSlot::Presence), told(FalseSlot::Authentication)]);
    }
}
