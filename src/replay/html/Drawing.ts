/** Between which lanes an event goes: hub ⇄ sidecar, sidecar ⇄ agent, or within the sidecar. */
export type Lane = "in" | "out" | "to_agent" | "from_agent" | "sidecar"

/** What an event is about; it is drawn in the colour of its kind. */
export type Kind = "link" | "task" | "recovery" | "progress" | "report" | "refusal" | "agent" | "other"

/** Which of the two did it: this version only, the recorded session only, or both and not alike. */
export type Difference = "extra" | "missing" | "changed"

/** An event as it is drawn, before its text is cut and its task known. */
export interface Sketch {
  readonly lane: Lane
  readonly kind: Kind
  readonly label: string
  readonly text: string
  readonly fault?: string | null // what went wrong, in a few words
  readonly differs?: Difference | null
  readonly note?: string | null // what a reader should know about it
}

export interface DrawnEvent extends Required<Sketch> {
  readonly t: number // epoch milliseconds
  readonly task: string | null
  readonly cut: number // the characters left out of `text`
}

export type Row = "connection" | "task" | "activity" | "agent"

/** The colours of states, by their names in colours.css. */
export type Look = "grey" | "slate" | "sky" | "sand" | "teal" | "violet" | "rose"

/** A state that lasts until the next one of its row. */
export interface Stay {
  readonly look: Look
  readonly labels: ReadonlyArray<string> // the longest first; the first that fits is shown
  readonly task: string | null
}

/** A state that lasted from one event to another, both as places in the list of events. */
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
  readonly from: number // place of its first event
  readonly to: number
}

/** Of the whole session, drawn or not. */
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

/** All that the page shows. */
export interface Drawing {
  readonly files: ReadonlyArray<string>
  readonly agent: string | null
  readonly frames_only: boolean // no local facts were recorded in one of the files
  readonly events: ReadonlyArray<DrawnEvent> // the first `limits.drawn_events`
  readonly bars: ReadonlyArray<Bar>
  readonly tasks: ReadonlyArray<DrawnTask>
  readonly totals: Totals
  readonly differs: boolean // whether the replay differs from the recording, be it elsewhere
  readonly texts_cut: number // events whose text was cut
}
