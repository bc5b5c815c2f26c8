/** Limits of the page that draws a session. */
export const limits = {
  drawn_events: 50_000, // those after them are only counted, and the page says so
  text_chars: 4_000, // of one event's text
  texts_chars: 32 * 1024 * 1024, // of all of them; beyond it each is cut to `late_text_chars`
  late_text_chars: 200,
  label_chars: 40,
  description_chars: 160,
  listed: 500 // tasks, differences and faults in the list beside the drawing, each
} as const
