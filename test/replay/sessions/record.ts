import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { homedir, hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { type Scenario, scenarios } from "./scenarios.ts"
import { makeStage, secrets } from "./Stage.ts"

const folder = "test/fixtures/sessions"
const at_once = 6 // sessions; most of their time is waiting
const largest_bytes = 256 * 1024
const settles_ms = 400
const longest_ms = 200_000

/** Texts that identify the recording machine. No fixture may contain them. */
const ours = [...secrets, process.cwd(), homedir(), hostname()].filter((text) => text.length > 4)

const neutral = (text: string): string => text.replaceAll(/\/[\w/.-]*sidecar-test-\w+/g, "/home/agent")

const check = (name: string, text: string): void => {
  const found = ours.find((part) => text.includes(part))
  if (found !== undefined) throw new Error(`${name} holds ${found}`)
  if (text.length > largest_bytes) throw new Error(`${name} has ${text.length} bytes`)
}

/** Plays one session with the built daemon in real time. Its recording becomes a fixture. */
const record = (scenario: Scenario, path: string) =>
  Effect.gen(function*() {
    const recording = join(path, `${scenario.name}.jsonl`)
    const stage = yield* makeStage(scenario, recording)
    yield* Effect.timeout(scenario.play(stage), longest_ms)
    yield* Effect.sleep(settles_ms)
    yield* stage.stopAll
    const text = neutral(readFileSync(recording, "utf8"))
    check(scenario.name, text)
    writeFileSync(join(folder, `${scenario.name}.jsonl`), text)
    console.log(`${scenario.name}: ${text.split("\n").length - 1} lines`)
  }).pipe(
    Effect.scoped,
    Effect.catchCause((cause) =>
      Effect.sync(() => {
        process.exitCode = 1
        const last = join(path, `${scenario.name}.jsonl`)
        console.error(
          `${scenario.name}: ${String(cause)}\n${existsSync(last) ? readFileSync(last, "utf8").slice(-1_500) : ""}`
        )
      })
    )
  )

const { positionals } = parseArgs({ allowPositionals: true })
const wanted = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const path = mkdtempSync(join(tmpdir(), "sidecar-sessions-"))
mkdirSync(folder, { recursive: true })
await Effect.runPromise(
  Effect.forEach(wanted, (scenario) => record(scenario, path), { concurrency: at_once, discard: true })
)
rmSync(path, { recursive: true })
