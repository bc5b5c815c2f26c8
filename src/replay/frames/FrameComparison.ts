import type { JsonObject } from "../../domain/Work.ts"
import {
  type Expectation,
  frameComparer,
  frameOut,
  keyOf,
  onlyRecorded,
  type Sent,
  stringOrEmpty
} from "../frameEvents.ts"
import { limits } from "../limits.ts"
import type { EventQueue, EventSlot } from "../ReplayEvent.ts"
import type { Lookahead } from "./FramesContext.ts"

/** A frame that waits for its pair. Only frames of one `key` are paired; `t` is in epoch milliseconds. */
interface Waiting {
  readonly t: number
  readonly key: string
  readonly msg: JsonObject
  readonly slot: EventSlot
}

interface OurFrame extends Waiting {
  readonly isBeyond: boolean
}

interface RecordedFrame extends Waiting, Sent {}

const isNear = (a: Waiting, b: Waiting): boolean => Math.abs(a.t - b.t) <= limits.near_ms

/**
 * Compares the frames that this version sends with the recorded ones. A recording of frames only has no steps, so the times
 * differ, and frames are paired in their order. Where the order differs it waits for more frames, and then takes the pair
 * that leaves out the fewest.
 */
export class FrameComparison {
  readonly #lookahead: Lookahead
  readonly #queue: EventQueue
  readonly #expectation: Expectation
  readonly #compare: ReturnType<typeof frameComparer>
  readonly #ours: Array<OurFrame> = []
  readonly #recorded: Array<RecordedFrame> = []

  constructor(lookahead: Lookahead, queue: EventQueue, expectation: Expectation) {
    this.#lookahead = lookahead
    this.#queue = queue
    this.#expectation = expectation
    this.#compare = frameComparer(expectation)
  }

  /** This version sends a frame. Returns whether the recorded sidecar sent it too, so that the hub's answer is recorded. */
  addOurs(msg: JsonObject, t: number, isBeyond: boolean): boolean {
    const ours = { t, key: keyOf(msg), msg, slot: this.#queue.reserve(), isBeyond }
    this.#ours.push(ours)
    this.#settle(t)
    if (ours.slot.event !== undefined || this.#recorded.some(({ key }) => key === ours.key)) return true
    const recorded = this.#lookahead.nextSent(stringOrEmpty(msg["type"]), stringOrEmpty(msg["task_id"]))
    return recorded !== undefined && recorded.t <= t + limits.hub_answer_ms
  }

  /** This version sends a frame in a part that was not recorded. */
  addUnrecorded(msg: JsonObject, t: number): void {
    this.#queue.add(frameOut(t, this.#expectation === null ? "same" : "beyond", msg))
  }

  /** The recorded sidecar sent a frame. */
  addRecorded(sent: Sent): void {
    if (sent.msg["type"] === "ping") return
    this.#recorded.push({ ...sent, key: keyOf(sent.msg), slot: this.#queue.reserve() })
    this.#settle(sent.t)
  }

  /** Decides the frames that have waited long enough, or all frames if too many events wait for them. */
  settle(now: number): void {
    this.#settle(this.#queue.length > limits.held_events ? Infinity : now)
  }

  /** Decides all frames: their connection, life or recording is over. */
  close(): void {
    this.#settle(Infinity)
  }

  #settle(now: number): void {
    while (this.#decideNext(now));
  }

  #decideNext(now: number): boolean {
    const [ours, recorded] = [this.#ours[0], this.#recorded[0]]
    if (ours === undefined && recorded === undefined) return false
    if (ours !== undefined && recorded !== undefined && ours.key === recorded.key && isNear(ours, recorded)) {
      this.#pair()
      return true
    }
    const oldest = Math.min(ours?.t ?? Infinity, recorded?.t ?? Infinity)
    const isFull = Math.max(this.#ours.length, this.#recorded.length) > limits.pair_frames
    if (!isFull && now - oldest <= limits.pair_ms) return false
    this.#decide()
    return true
  }

  #decide(): void {
    const [skipOurs, skipRecorded] = this.#nearestPair(isNear) ?? this.#nearestPair(() => true) ?? this.#older()
    for (let left = skipOurs; left > 0; left--) this.#dropOurs()
    for (let left = skipRecorded; left > 0; left--) this.#dropRecorded()
    if (this.#ours[0]?.key === this.#recorded[0]?.key) this.#pair()
  }

  /** How many of each have to be left out for the pair that leaves out the fewest. */
  #nearestPair(fits: (ours: Waiting, recorded: Waiting) => boolean): readonly [number, number] | null {
    for (let sum = 0; sum < this.#ours.length + this.#recorded.length - 1; sum++) {
      for (let i = Math.max(0, sum - this.#recorded.length + 1); i <= Math.min(sum, this.#ours.length - 1); i++) {
        const [ours, recorded] = [this.#ours[i], this.#recorded[sum - i]]
        if (ours !== undefined && recorded !== undefined && ours.key === recorded.key && fits(ours, recorded)) {
          return [i, sum - i]
        }
      }
    }
    return null
  }

  #older(): readonly [number, number] {
    const [ours, recorded] = [this.#ours[0]?.t ?? Infinity, this.#recorded[0]?.t ?? Infinity]
    return ours <= recorded ? [1, 0] : [0, 1]
  }

  #pair(): void {
    const [ours, recorded] = [this.#ours.shift(), this.#recorded.shift()]
    if (ours === undefined || recorded === undefined) return
    ours.slot.event = this.#compare(ours.t, ours.msg, recorded)
    recorded.slot.event = null
  }

  #dropOurs(): void {
    const ours = this.#ours.shift()
    if (ours === undefined) return
    const { isBeyond, msg, slot, t } = ours
    slot.event = frameOut(t, this.#expectation === null ? "same" : isBeyond ? "beyond" : "ours", msg)
  }

  #dropRecorded(): void {
    const recorded = this.#recorded.shift()
    if (recorded !== undefined) recorded.slot.event = this.#expectation === null ? null : onlyRecorded(recorded)
  }
}
