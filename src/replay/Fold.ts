import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { HubCommand } from "../domain/Command.ts"
import { initialState, type Policy, type SidecarState, type Timers } from "../domain/SidecarState.ts"
import type { JsonObject } from "../domain/Work.ts"
import { encodeCommand, type Identity } from "../protocol/outgoing.ts"
import type { ActorEvent, Step } from "../services/Observer.ts"
import { briefOf } from "./briefOf.ts"
import { briefOfState } from "./briefOfState.ts"
import type { Entry, Header, StepEntry } from "./format.ts"
import { bothSent, type Expectation, frameIn, frameOut, keyOf, onlyRecorded } from "./frameOut.ts"
import { heardFrame } from "./heardFrame.ts"
import { Life } from "./Life.ts"
import { capabilitiesOf, defaultPolicy, policyOf } from "./policy.ts"
import { messageNow } from "./read/older.ts"
import type { Place, ReplayEvent } from "./ReplayEvent.ts"
import { stepEvents } from "./stepEvents.ts"

export interface FoldParts {
  readonly tell: (event: ReplayEvent) => void
  readonly observe: (event: ActorEvent) => void
  readonly expectation: Expectation
}

const isSame = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((one, index) => one === b[index])

const words = (commands: ReadonlyArray<string>, saved: boolean): ReadonlyArray<string> =>
  saved ? commands : [...commands, "(not saved)"]

/**
 * Replays a recording of the sidecar's own: each recorded message is given to the actor's own step at its recorded time,
 * and the commands, the state, and the frames that come of it are compared with those of the recording.
 */
export class Fold {
  lives = 0
  readonly #parts: FoldParts
  readonly #both: ReturnType<typeof bothSent>
  #policy: Policy = defaultPolicy
  #identity: Identity = { agent_id: "", token: Redacted.make("[REDACTED]"), capabilities: [] }
  #life: Life | null = null
  /** Whether lines are left out until it is known what the sidecar stands at. */
  #isLost = false
  /** Whether the step is not known that sends what comes next. */
  #isMidStep = false
  #brief = ""
  #timers: Timers = {}
  #step: Step | null = null
  /** What the last step sent that has not been found in the recording yet, and whether the step itself differs. */
  #sent: Array<JsonObject> = []
  #differs = false
  #t = 0

  constructor(parts: FoldParts) {
    this.#parts = parts
    this.#both = bothSent(parts.expectation)
  }

  /** Takes the next line of the recording. */
  take(entry: Entry, place: Place): void {
    this.#t = entry.t
    switch (entry.dir) {
      case "header":
        return this.#header(entry.msg, place)
      case "step":
        return this.#take(entry, place)
      case "in":
        return heardFrame(entry, place, { tell: this.#parts.tell, unheard: false })
      case "out":
        return this.#compareFrame(entry.msg, place)
      case "local":
        return this.#note(noteOf(entry), place)
    }
  }

  /** The daemon is no more: nothing else of it is recorded. */
  end(): void {
    this.#settleFrames()
    if (this.#life !== null) this.#ends(null, null)
  }

  #header({ agent_id, config, continues, state }: Header, place: Place): void {
    this.#identity = { ...this.#identity, agent_id, capabilities: capabilitiesOf(config["capabilities"]) }
    const policy = policyOf(config)
    if (policy === null) this.#note("the recorded configuration makes no sense: the defaults are taken", place)
    else this.#policy = policy
    this.#isLost = false
    if (!continues) return this.end()
    if (state === undefined) return this.#life === null ? this.#loses(place) : undefined
    this.#isMidStep = this.#life === null
    this.#begin({ ...state, policy: this.#policy }, this.#life !== null)
  }

  #begin(state: SidecarState, goesOn = false): void {
    if (!goesOn) {
      this.end()
      this.lives++
      this.#tell({ t: this.#t, kind: "life", life: this.lives, phase: "begins" })
    }
    this.#isLost = false
    this.#brief = briefOfState(state)
    this.#timers = state.timers
    this.#life = new Life({
      state,
      send: (command) => this.#send(command),
      observe: (event) => {
        if (event._tag === "Stepped") this.#step = event.step
        this.#parts.observe(event)
      }
    })
  }

  #loses(place: Place): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#note("the recording begins in the middle of a life: it is replayed from where its state is told", place)
  }

  #take(entry: StepEntry, place: Place): void {
    this.#settleFrames()
    this.#isMidStep = false
    const { msg, saved, t } = entry
    if (msg._tag === "Restarted") this.#begin(initialState(this.#policy))
    if (this.#life === null) return this.#loses(place)
    this.#step = null
    try {
      this.#life.take(messageNow(msg, this.#timers), t, saved)
    } catch (error) {
      return this.#ends(null, error instanceof Error ? error.message : String(error))
    }
    if (this.#step !== null) this.#compare(this.#step, entry)
  }

  #compare(step: Step, { saved, told }: StepEntry): void {
    const { after, commands } = step
    this.#timers = after.timers
    const briefs = words(commands.map(briefOf), step.saved)
    const brief = briefOfState(after)
    const state = brief === this.#brief ? null : brief
    this.#brief = brief
    const isCompared = this.#parts.expectation !== null
    const recorded = told === null ? null : { ...told, commands: words(told.commands, saved) }
    this.#differs = isCompared && recorded !== null &&
      !(isSame(briefs, recorded.commands) && (recorded.state === null ? state === null : brief === recorded.state))
    const verdictOf = (one: string) => isCompared && told !== null && !told.commands.includes(one) ? "ours" : "same"
    for (const event of stepEvents(step, this.#t, "recording", (command) => verdictOf(briefOf(command)))) {
      this.#tell(event)
    }
    if (this.#differs && recorded !== null) {
      this.#tell({ t: this.#t, kind: "decision", verdict: "ours", commands: briefs, state })
      this.#tell({ t: this.#t, kind: "decision", verdict: "recorded", ...recorded })
    }
    const exit = commands.find(({ _tag }) => _tag === "Exit")
    if (exit?._tag === "Exit") this.#ends(exit.code, null)
  }

  #send(command: HubCommand): void {
    const frame = Result.getOrUndefined(Result.try(() => encodeCommand(command, this.#identity)))
    if (frame !== undefined) this.#sent.push(frameIn(frame))
  }

  #compareFrame(msg: JsonObject, place: Place): void {
    if (msg["type"] === "ping" || this.#isLost || this.#isMidStep) return
    const sent = { t: this.#t, msg, place }
    const index = this.#sent.findIndex((one) => keyOf(one) === keyOf(msg))
    const [ours] = index < 0 ? [] : this.#sent.splice(index, 1)
    if (ours !== undefined) return this.#tell(this.#both(this.#t, ours, sent))
    if (this.#parts.expectation !== null) this.#tell(onlyRecorded(sent))
  }

  /** A frame of a step that is the same, and that is not recorded, went nowhere: there was no connection to send it by. */
  #settleFrames(): void {
    if (this.#differs) { for (const msg of this.#sent) this.#tell(frameOut(this.#t, "ours", msg)) }
    this.#sent = []
  }

  #ends(exit_code: number | null, failed: string | null): void {
    this.#life = null
    this.#isLost = true
    this.#tell({ t: this.#t, kind: "life", life: this.lives, phase: "ends", exit_code, failed })
  }

  #note(text: string, place: Place): void {
    this.#tell({ t: this.#t, kind: "note", text, place })
  }

  #tell(event: ReplayEvent): void {
    this.#parts.tell(event)
  }
}

const noteOf = (entry: Extract<Entry, { readonly dir: "local" }>): string => {
  if ("unknown" in entry) return `a fact that this version does not know: ${entry.unknown}`
  const { msg } = entry
  return msg._tag === "ClockJumped"
    ? `the clock was set by ${msg.by_ms} ms`
    : `${msg.count} lines are missing here: the recording could not be written`
}
