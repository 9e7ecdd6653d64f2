//! Who holds a post changes on a day.

use std::time::Duration;

use sekisho_tests::scene::Scene;

/// Who leaves, and who comes.
pub(crate) const FORMER: &str = "20003";
pub(crate) const NEXT: &str = "20004";

/// A post with this role, held by [`FORMER`] and from tomorrow on by [`NEXT`]; both have cards that sign. `more` is decided in the same act.
pub(crate) fn announced(scene: &mut Scene, post: &str, role: &str, more: &str) {
    scene.appoint(FORMER, "前田 守", post, &[role]);
    scene.desk.run(&["operator", "designate", NEXT, "--name", "後藤 継", "--section", "jumin", "--to", "2056-03-31"]);
    let card = scene.signing_card(NEXT);
    let signer = scene.desk.signer();
    scene.desk.sign_with(card);
    scene.desk.sign_by(&signer);
    let tomorrow = scene.clock.minute_in(DAY)[..10].to_owned();
    scene.apply_by_two(&format!(
        "[[hold_post]]\npost = {post:?}\noperator = {NEXT:?}\nfrom = {tomorrow:?}\n\
         [[leave_post]]\npost = {post:?}\noperator = {FORMER:?}\nfrom = {tomorrow:?}\n{more}"
    ));
}

/// A day passes: what was announced has come.
pub(crate) fn come(scene: &Scene) {
    scene.clock.pass(DAY);
}

const DAY: Duration = Duration::from_secs(24 * 3600);
