import type { JsonObject } from "../../domain/Work.ts"
import { bothSent, type Expectation, frameOut, keyOf, onlyRecorded, type Sent, textIn } from "../frameOut.ts"
import { limits } from "../limits.ts"
import type { Script, Slot } from "../Script.ts"
import { Alignment, type Doing } from "./Alignment.ts"
import type { Window } from "./Window.ts"

interface OurFrame extends Doing {
  readonly msg: JsonObject
  readonly slot: Slot
  readonly isBeyond: boolean
}

interface RecordedFrame extends Doing, Sent {
  readonly slot: Slot
}

/** Compares the frames that this version sends with those of a recording that has nothing else, so that their times differ. */
export class Comparison {
  readonly #window: Window
  readonly #script: Script
  readonly #frames: Alignment<OurFrame, RecordedFrame>
  readonly #isOff: boolean

  constructor(window: Window, script: Script, expectation: Expectation) {
    this.#window = window
    this.#script = script
    this.#isOff = expectation === null
    const both = bothSent(expectation)
    this.#frames = new Alignment({
      both: (ours, recorded) => {
        ours.slot.event = both(ours.t, ours.msg, recorded)
        recorded.slot.event = null
      },
      onlyOurs: ({ isBeyond, msg, slot, t }) => {
        slot.event = frameOut(t, this.#isOff ? "same" : isBeyond ? "beyond" : "ours", msg)
      },
      onlyRecorded: (recorded) => {
        recorded.slot.event = this.#isOff ? null : onlyRecorded(recorded)
      }
    })
  }

  /** This version sends a frame; gives whether the recorded one sent it as well, so that its recording has the answer. */
  sends(msg: JsonObject, t: number, isBeyond: boolean): boolean {
    const ours = { t, key: keyOf(msg), msg, slot: this.#script.reserve(), isBeyond }
    this.#frames.ours(ours)
    if (ours.slot.event !== undefined || this.#frames.hasRecorded(ours.key)) return true
    const ahead = this.#window.ahead(textIn(msg["type"]), textIn(msg["task_id"]))
    return ahead !== undefined && ahead.t <= t + limits.hub_answer_ms
  }

  /** This version sends a frame of which the recording can tell nothing. */
  improvises(msg: JsonObject, t: number): void {
    this.#script.add(frameOut(t, this.#isOff ? "same" : "beyond", msg))
  }

  /** The recorded one sent a frame. */
  sent(sent: Sent): void {
    if (sent.msg["type"] === "ping") return
    this.#frames.recorded({ ...sent, key: keyOf(sent.msg), slot: this.#script.reserve() })
  }

  /** Time has passed, or as many events wait as may. */
  settle(now: number): void {
    this.#frames.settle(this.#script.length > limits.held_events ? Infinity : now)
  }

  /** Nothing that comes is of the frames so far: a connection, a life or the recording is over. */
  close(): void {
    this.#frames.settle(Infinity)
  }
}
