import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { agentNamed } from "../../src/exec/agents/agents.ts"
import type { ExecAnswer, RunEnd } from "../../src/exec/answer.ts"
import { readerOf } from "../../src/exec/reader.ts"

/** One run of a real program with a scripted model, as `npm run test:agents` makes them. Paths are replaced by `$WORK` and the like. */
const Recorded = Schema.Struct({
  scenario: Schema.String,
  command: Schema.Array(Schema.String),
  exit_code: Schema.NullOr(Schema.Int),
  signal: Schema.NullOr(Schema.String),
  stdout: Schema.String,
  stderr: Schema.String,
  prompt: Schema.String,
  made: Schema.NullOr(Schema.Boolean) // whether the file was made that the model wanted to make
})
export type Recorded = typeof Recorded.Type

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Recorded))

export const recordedOf = (agent: string): ReadonlyArray<Recorded> =>
  readFileSync(`test/fixtures/agents/${agent}.jsonl`, "utf8").trimEnd().split("\n").map((line) => decode(line))

/** What the hub would get of the run, and what the agent was seen doing. */
export const judged = (
  name: string,
  run: Recorded,
  { beside_work = [], kind = "task" }: Partial<Pick<RunEnd, "kind" | "beside_work">> = {}
): { readonly answer: ExecAnswer; readonly doing: ReadonlyArray<string> } => {
  const agent = agentNamed(name)
  if (agent === undefined) throw new Error(`there is no agent ${name}`)
  const doing: Array<string> = []
  const options = { command: run.command, agent, json: false, progress: false, need_output: false }
  const nowhere = { output: () => {}, errors: () => {} }
  const reader = readerOf(options, (what) => doing.push(what), nowhere)
  reader.onOutput(Buffer.from(run.stdout))
  reader.onErrors(Buffer.from(run.stderr))
  const end = run.exit_code === null
    ? { _tag: "Killed", signal: run.signal ?? "a signal" } as const
    : { _tag: "Exited", code: run.exit_code } as const
  const program = run.command[0] ?? ""
  const facts = { kind, program, prompt: run.prompt, end, duration_ms: 1, beside_work }
  const judging = reader.judge(facts, Effect.succeed)
  return { answer: Effect.runSync(judging), doing }
}
