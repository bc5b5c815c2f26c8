/** Between which lanes an event is drawn: hub ⇄ sidecar, sidecar ⇄ agent, or within the sidecar. */
export type Lane = "in" | "out" | "to_agent" | "from_agent" | "sidecar"

/** What an event is about. Each kind has its colour. */
export type Kind = "link" | "task" | "recovery" | "progress" | "report" | "refusal" | "agent" | "talk" | "other"

/** `extra`: only this version does it; `missing`: only the recorded sidecar did; `changed`: both do, differently. */
export type Difference = "extra" | "missing" | "changed"

/** How an event is drawn, before its text is cut. */
export interface EventNode {
  readonly lane: Lane
  readonly kind: Kind
  readonly label: string
  readonly text: string
  readonly fault?: string | null // what went wrong, in a few words
  readonly differs?: Difference | null
  readonly note?: string | null // what the reader should know about it
}

export interface DrawnEvent extends Required<EventNode> {
  readonly t: number // epoch milliseconds
  readonly task: string | null
  readonly cut: number // how many characters of `text` are left out
}

export type Row = "connection" | "task" | "activity" | "messages" | "agent"

/** The colour of a state, by its name in base.css. */
export type Look = "grey" | "slate" | "sky" | "sand" | "teal" | "violet" | "rose"

/** A state that lasts until the next one of its row. */
export interface Stay {
  readonly look: Look
  readonly labels: ReadonlyArray<string> // the longest first; the page shows the first one that fits
  readonly task: string | null
}

/** A state from one event to another. Both are indexes of events. */
export interface Bar extends Stay {
  readonly row: Row
  readonly from: number
  readonly to: number
}

export interface DrawnTask {
  readonly id: string
  readonly description: string
  readonly outcome: string
  readonly wakes: number
  readonly faults: number
  readonly from: number // index of its first event
  readonly to: number
}

/** Counts of the whole session, including events that are not drawn. */
export interface Totals {
  readonly events: number
  readonly in: number
  readonly out: number
  readonly wakes: number
  readonly faults: number
  readonly differences: number
  readonly first_t: number | null // epoch milliseconds
  readonly last_t: number | null
}

/** Everything that the page shows. */
export interface Drawing {
  readonly files: ReadonlyArray<string>
  readonly agent: string | null
  readonly frames_only: boolean // one of the files has no local facts
  readonly events: ReadonlyArray<DrawnEvent> // the first `limits.drawn_events`
  readonly bars: ReadonlyArray<Bar>
  readonly tasks: ReadonlyArray<DrawnTask>
  readonly totals: Totals
  readonly differs: boolean // whether the replay differs from the recording, even in a part that is not drawn
  readonly texts_cut: number // events whose text was cut
}
