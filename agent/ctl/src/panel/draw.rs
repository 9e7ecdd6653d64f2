//! Puts a view on the screen. Only what changed is sent to the terminal, so nothing flickers.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::model::Panel;
use super::view_model::{Row, Size, Tone, view};

pub(super) fn draw(frame: &mut Frame<'_>, panel: &Panel) {
    let area = frame.area();
    let rows = view(panel, Size { columns: area.width.into(), rows: area.height.into() });
    for (row, y) in rows.iter().zip(area.y..area.bottom()) {
        draw_row(frame, row, Rect { y, height: 1, ..area });
    }
}

fn draw_row(frame: &mut Frame<'_>, row: &Row, place: Rect) {
    let style = style(row.tone);
    frame.buffer_mut().set_style(place, style);
    frame.buffer_mut().set_stringn(place.x, place.y, &row.text, place.width.into(), style);
}

/// Colour only underlines what the words say already.
fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Bar => Style::new().add_modifier(Modifier::REVERSED),
        Tone::Strong => Style::new().add_modifier(Modifier::BOLD),
        Tone::Quiet => Style::new().add_modifier(Modifier::DIM),
        Tone::Good => Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
        Tone::Warning => Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD),
    }
}
