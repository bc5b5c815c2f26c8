// What `--record` costs: quick tasks through the daemon and the development hub, with it and without it by turns, and the
// time that the recorder itself takes for the lines of that recording.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { make } from "../src/dev/DevHub.ts"
import { makeEntries } from "../src/observe/record/record.ts"
import { recordFile } from "../src/observe/record/recordFile.ts"
import { redaction } from "../src/observe/record/redact.ts"
import { parseEntry } from "../src/replay/format.ts"
import { agent, median, startDaemon, token } from "./daemon.mjs"

const PAIRS = 60
const WARM_UP = 5
const HUB_MS_PER_TASK = 4_000 // it takes 60 frames a minute of an agent

const wake_command = `printf '{"status":"success"}' > "$RESULTS_DIR/$TASK_ID.json"`

/** A daemon with a hub of its own; `run` has one task done and says how long that took. */
const startPair = (home, options) =>
  Effect.gen(function*() {
    const hub = yield* make({ registerTokens: { [agent]: token } })
    yield* startDaemon(hub, home, { wake_command }, options)
    const run = Effect.gen(function*() {
      const begun = performance.now()
      const { id } = yield* hub.submit({ description: "at once" })
      yield* hub.waitFor(() => hub.task(id)?.status === "completed", 10_000)
      const took = performance.now() - begun
      yield* hub.advance(HUB_MS_PER_TASK)
      return took
    })
    return { run }
  })

/** What the recorder does for an entry of a recording. */
const eventOf = ({ dir, msg }) => ({ _tag: dir === "in" ? "FrameIn" : "FrameOut", text: JSON.stringify(msg) })

/** The microseconds that the recorder takes for a line, its write included, in code as cold as the daemon's. */
const lineCost = (folder, entries) =>
  Effect.gen(function*() {
    const cleaned = redaction(token)
    const [{ msg: header }, ...rest] = entries
    const file = recordFile(join(folder, "again.jsonl"), header, cleaned.line, () => undefined)
    const entriesOf = makeEntries(yield* Clock.Clock, cleaned.text)
    const events = rest.map((entry) => ({
      entry,
      event: entry.dir === "local" || entry.dir === "step" ? undefined : eventOf(entry)
    }))
    const begun = performance.now()
    for (const { entry, event } of events) {
      for (const one of event === undefined ? [entry] : entriesOf(event)) file.write(one, 0)
    }
    const took = performance.now() - begun
    file.close()
    return took * 1_000 / events.length
  })

/** Runs in a folder of the bench. Times are of a task from its submission until the hub has its answer. */
export const recordingCost = (folder) =>
  Effect.gen(function*() {
    const path = join(folder, "recorded.jsonl")
    const pairs = {
      off: yield* startPair(join(folder, "off"), []),
      on: yield* startPair(join(folder, "on"), ["--record", path])
    }
    const times = { off: [], on: [] }
    for (let n = 0; n < WARM_UP + PAIRS; n++) {
      for (const which of n % 2 === 0 ? ["off", "on"] : ["on", "off"]) {
        const took = yield* pairs[which].run
        if (n >= WARM_UP) times[which].push(took)
      }
    }
    const entries = readFileSync(path, "utf8").trimEnd().split("\n").map((line) => Result.getOrThrow(parseEntry(line)))
    return {
      pairs: PAIRS,
      lines: entries.length / (WARM_UP + PAIRS),
      line_us: yield* lineCost(folder, entries),
      task_ms: median(times.off),
      ratio: median(times.on) / median(times.off)
    }
  }).pipe(Effect.scoped, Effect.runPromise)
