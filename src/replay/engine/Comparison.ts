import * as Predicate from "effect/Predicate"
import type { Command } from "../../domain/Command.ts"
import type { JsonObject } from "../../domain/Task.ts"
import { briefOf } from "../briefOf.ts"
import { limits } from "../limits.ts"
import type { Place, ReplayEvent, Verdict } from "../ReplayEvent.ts"
import { Alignment, type Doing } from "./Alignment.ts"
import { changedFields } from "./sameFields.ts"
import type { Script, Slot } from "./Script.ts"
import type { Stage } from "./Stage.ts"
import { factKey, frameKey } from "./Window.ts"

/** How strictly frames are compared: which of their fields do not count; `null` compares nothing. */
export type Expectation = ReadonlySet<string> | null

interface OurFrame extends Doing {
  readonly msg: JsonObject
  readonly slot: Slot
  readonly isBeyond: boolean
}

interface RecordedFrame extends Doing {
  readonly msg: JsonObject
  readonly slot: Slot
  readonly place: Place
}

interface Decision extends Doing {
  readonly slot: Slot
  readonly commands: ReadonlyArray<string>
}

type FrameOut = Extract<ReplayEvent, { readonly kind: "frame"; readonly dir: "out" }>

const textOf = (value: unknown): string => Predicate.isString(value) ? value : ""
const keyOf = ({ task_id, type }: JsonObject): string => `${textOf(type)} ${textOf(task_id)}`

/** No recording holds the token, and which version speaks is no difference in what it does. */
const never_compared = ["token", "client_version"]

/** Compares what this version does with what the recorded one did: the frames it sends, and the commands of its steps. */
export class Comparison {
  readonly #stage: Stage
  readonly #script: Script
  readonly #ignored: ReadonlySet<string>
  readonly #isOff: boolean
  readonly #frames: Alignment<OurFrame, RecordedFrame>
  readonly #decisions: Alignment<Decision, Decision>

  constructor(stage: Stage, script: Script, expectation: Expectation) {
    this.#stage = stage
    this.#script = script
    this.#isOff = expectation === null
    this.#ignored = new Set([...never_compared, ...expectation ?? []])
    this.#frames = new Alignment({
      both: (ours, recorded) => this.#both(ours, recorded),
      onlyOurs: ({ isBeyond, msg, slot, t }) => {
        slot.event = frameOut(t, this.#isOff ? "same" : isBeyond ? "beyond" : "ours", msg)
      },
      onlyRecorded: ({ msg, place, slot, t }) => {
        slot.event = this.#isOff ? null : frameOut(t, "recorded", msg, { t, msg, place })
      }
    })
    this.#decisions = new Alignment({
      both: (ours, recorded) => {
        ours.slot.event = null
        recorded.slot.event = null
      },
      onlyOurs: ({ commands, slot, t }) => {
        slot.event = { t, kind: "decision", verdict: "ours", commands }
      },
      onlyRecorded: ({ commands, slot, t }) => {
        slot.event = { t, kind: "decision", verdict: "recorded", commands }
      }
    })
  }

  /** This version sends a frame; whether the recorded one sent it as well, so that its recording has the answer. */
  sends(msg: JsonObject): boolean {
    const { isCutHere, isImprovised } = this.#stage
    const t = this.#stage.wall()
    if (isImprovised) {
      this.#script.add(frameOut(t, this.#isOff ? "same" : "beyond", msg))
      return false
    }
    const ours = { t, key: keyOf(msg), msg, slot: this.#script.reserve(), isBeyond: isCutHere }
    this.#frames.ours(ours)
    if (ours.slot.event !== undefined || this.#frames.hasRecorded(ours.key)) return true
    const ahead = this.#stage.window.ahead(frameKey(textOf(msg["type"]), textOf(msg["task_id"])))
    return ahead !== undefined && ahead.entry.t <= t + limits.hub_answer_ms
  }

  /** The recorded one sent a frame. */
  sent(msg: JsonObject, t: number, place: Place): void {
    if (msg["type"] === "ping") return
    this.#frames.recorded({ t, key: keyOf(msg), msg, slot: this.#script.reserve(), place })
  }

  /** This version decides on the commands of a step; compared where the recording tells of such. */
  decides(commands: ReadonlyArray<Command>): void {
    if (this.#isOff || commands.length === 0) return
    const isCompared = this.#decisions.waitsForOurs || this.#stage.window.inThisLife(factKey("Decided")) !== undefined
    if (!isCompared) return
    this.#decisions.ours(this.#decision(commands.map(briefOf)))
  }

  /** The recorded one decided on the commands of a step. */
  decided(commands: ReadonlyArray<string>): void {
    if (!this.#isOff && commands.length > 0) this.#decisions.recorded(this.#decision(commands))
  }

  #decision(commands: ReadonlyArray<string>): Decision {
    return { t: this.#stage.wall(), key: commands.join("\n"), commands, slot: this.#script.reserve() }
  }

  /** Time has passed, or as many events wait as may. */
  settle(): void {
    const now = this.#script.length > limits.held_events ? Infinity : this.#stage.wall()
    this.#frames.settle(now)
    this.#decisions.settle(now)
  }

  /** Nothing that comes is of the frames so far: a connection, a life or the recording is over. */
  close(): void {
    this.#frames.settle(Infinity)
    this.#decisions.settle(Infinity)
  }

  #both(ours: OurFrame, recorded: RecordedFrame): void {
    const fields = this.#isOff ? [] : changedFields(ours.msg, recorded.msg, this.#ignored)
    const { msg, place, t } = recorded
    const verdict = fields.length === 0 ? "same" : "changed"
    ours.slot.event = frameOut(ours.t, verdict, ours.msg, { t, msg, place }, fields)
    recorded.slot.event = null
  }
}

const frameOut = (
  t: number,
  verdict: Verdict,
  msg: JsonObject,
  recorded: FrameOut["recorded"] = null,
  fields: ReadonlyArray<string> = []
): FrameOut => ({ t, kind: "frame", dir: "out", verdict, msg, recorded, fields })
