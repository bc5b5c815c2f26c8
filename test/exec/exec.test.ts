import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { answerOf, answerText, type Run } from "../../src/exec/answer.ts"
import { execLimits } from "../../src/exec/limits.ts"
import { keep, lineReader } from "../../src/exec/output.ts"
import { limits } from "../../src/limits.ts"
import type { Mask } from "../../src/process/taskLog.ts"
import { json_values } from "../../src/text/json.ts"

const kept = (text: string, head = 1_000, tail = 1_000) => {
  const output = keep(head, tail)
  for (let at = 0; at < text.length; at += 7) output.push(Buffer.from(text.slice(at, at + 7)))
  return output
}

const run = (output: string, more: Partial<Run> = {}): Run => ({
  kind: "task",
  program: "agent",
  end: { _tag: "Exited", code: 0 },
  output: kept(output),
  tails: { output: kept(output, 0, 1_000), errors: kept("", 0, 1_000) },
  prompt: "",
  beside_work: [],
  need_output: false,
  duration_ms: 12,
  ...more
})

const answer = (of: Run, json: boolean, mask: Mask = Effect.succeed) => Effect.runSync(answerOf(of, json, mask))
const facts = { exit_code: 0, signal: null, duration_ms: 12 }

describe("what is kept of an output", () => {
  it("is all of it up to the limit", () => {
    expect(kept("0123456789", 4, 6).text()).toBe("0123456789")
    expect(kept("", 4, 6).text()).toBe("")
    expect(kept("0123456789", 10, 0).isWhole()).toBe(true)
  })

  it("is its beginning and its end beyond that, with how much is left out between", () => {
    const output = kept("0123456789abcdefghij", 4, 6)
    expect(output.text()).toBe("0123\n[... 10 bytes left out ...]\nefghij")
    expect([output.total(), output.isWhole()]).toEqual([20, false])
    expect(kept("0123456789", 0, 3).text()).toBe("789")
  })

  it("holds no half of a character", () => {
    const output = keep(5, 5)
    output.push(Buffer.from("aé漢🦀aé漢🦀"))
    expect(output.text()).toBe("aé\n[... 10 bytes left out ...]\n🦀")
  })

  it("is bounded, however much comes and in whatever pieces", () => {
    for (const size of [1, 1_000, 100_000]) {
      const output = keep(100, 100)
      for (let n = 0; n < 500; n += 1) output.push(Buffer.alloc(size, "x"))
      expect(output.text().length).toBeLessThan(240)
      expect(output.total()).toBe(500 * size)
    }
  })
})

describe("the lines of a command", () => {
  const linesOf = (...chunks: ReadonlyArray<string | Buffer>) => {
    const lines: Array<string> = []
    const read = lineReader((line) => lines.push(line))
    for (const chunk of chunks) read(Buffer.from(chunk))
    return lines
  }

  it("are told when they are whole, without colours, control characters and empty ones", () => {
    expect(linesOf("one\nt", "wo\r\n\n  \n\u001b[31mred\u001b[0m\u0007!\n50 %\r60 %\rlast")).toEqual(
      ["one", "two", "red !", "50 %", "60 %"]
    )
  })

  it("are cut at the limit, and hold a character that came in two pieces", () => {
    const [crab] = [Buffer.from("🦀\n")]
    expect(linesOf(crab.subarray(0, 2), crab.subarray(2))).toEqual(["🦀"])
    const [long = ""] = linesOf("x".repeat(600), "x".repeat(600), "\n")
    expect(long.length).toBe(execLimits.line_chars)
  })
})

describe("the answer of exec", () => {
  it("is a success with the output, the exit code and the duration where the command ended with 0", () => {
    expect(answer(run("done\n"), false)).toEqual({ status: "success", output: "done\n", ...facts })
  })

  it("says that the output is cut", () => {
    expect(answer(run("x".repeat(3_000)), false)).toMatchObject({ output_cut: true, output_bytes: 3_000 })
  })

  it("is a failure with the beginning and the end of what it said, secrets hidden, for any other exit code", () => {
    const errors = kept(`${"x".repeat(3_000)} token 0123\n`, 0, 4_000)
    const failed = run("out", { end: { _tag: "Exited", code: 3 }, tails: { output: kept("out"), errors } })
    const { reason, ...rest } = answer(failed, true, (text) => Effect.succeed(text.replace("0123", "***")))
    expect(rest).toEqual({ status: "failed", verdict_by: "exec", exit_code: 3, signal: null, duration_ms: 12 })
    expect(reason).toMatch(/^the command agent ended with exit code 3: x{100,} \[…\] x{100,} token \*\*\*$/)
    expect(String(reason).length).toBeLessThan(2_100)
  })

  it("quotes standard output where there is nothing else, and nothing where there is nothing", () => {
    const killed = { end: { _tag: "Killed", signal: "SIGKILL" } } as const
    expect(answer(run("out", killed), false)).toMatchObject({
      reason: "the command agent was ended by SIGKILL: out",
      exit_code: null,
      signal: "SIGKILL"
    })
    expect(answer(run("", killed), false)).toMatchObject({ reason: "the command agent was ended by SIGKILL" })
  })

  it("with --json is the object that it printed, a success unless that says otherwise", () => {
    expect(answer(run(` {"a": [1]}\n`), true)).toEqual({ status: "success", a: [1] })
    expect(answer(run(`{"status": "failed", "reason": "no"}`), true)).toEqual({
      status: "failed",
      reason: "no"
    })
  })

  it.each(
    [
      ["a program's own word for a success", { status: "ok", summary: "s" }, { summary: "s" }],
      ["a state of something else", { status: "merged" }, {}],
      ["a status that is no word", { status: 200, is_error: false }, { is_error: false }],
      ["no error", { error: null, response: "r" }, { error: null, response: "r" }],
      ["an error that it got over", { error: "e", result: "r" }, { error: "e", result: "r" }],
      ["nothing denied", { permission_denials: [], result: "r" }, { permission_denials: [], result: "r" }]
    ] as const
  )("with --json is a success by our verdict for %s", (_, printed, rest) => {
    expect(answer(run(JSON.stringify(printed)), true)).toEqual({ ...rest, status: "success" })
  })

  it.each([
    ["Claude's is_error", { subtype: "success", is_error: true, result: "API Error: 429" }, "API Error: 429"],
    ["is_error beside a status that says success", { is_error: true, status: "success", result: "no" }, "no"],
    [
      "is_error and nothing else",
      { is_error: true, subtype: "success" },
      "the command says that it failed, and not why"
    ],
    ["a limit of Claude's", { type: "result", subtype: "error_max_turns", is_error: false }, "error_max_turns"],
    ["an error without a result", { error: { message: "quota" }, result: null }, "quota"],
    ["an error of another form", { error: { code: 7 }, response: "" }, "{\"code\":7}"],
    ["an error beside a status that says success", { status: "success", error: "e" }, "e"],
    ["its own word for a failure", { status: "Error", message: "no login" }, "no login", "its own verdict"],
    ["only that word", { status: "cancelled" }, "cancelled", "its own verdict"],
    ["no success", { ok: false, reason: "why" }, "why", "its own verdict"],
    [
      "what Claude was denied",
      {
        is_error: false,
        result: "r",
        permission_denials: [{ tool_name: "Bash", tool_input: { command: "npm test" } }]
      },
      "permission denied: Bash {\"command\":\"npm test\"}"
    ],
    [
      "more denials than are worth telling",
      { permission_denials: Array.from({ length: 7 }, (_, n) => ({ tool_name: `T${n}` })) },
      "permission denied: T0, T1, T2, T3, T4, and 2 more"
    ]
  ])("with --json is a failure that keeps what was printed, by %s", (_, printed, reason, ...own) => {
    const by = own.length === 0 ? { verdict_by: "exec" } : {}
    expect(answer(run(JSON.stringify(printed)), true)).toEqual({ ...printed, status: "failed", reason, ...by })
  })

  it("with --json hides a secret in the reason", () => {
    const printed = run(`{"is_error": true, "result": "bad key 0123"}`)
    expect(answer(printed, true, (text) => Effect.succeed(text.replace("0123", "***")))["reason"]).toBe("bad key ***")
  })

  it.each(["\ufeff{\"a\": 1}", "\r\n\ufeff{\"a\": 1}\r\n"])(
    "with --json takes an object behind a byte order mark",
    (printed) => {
      expect(answer(run(printed), true)).toEqual({ status: "success", a: 1 })
    }
  )

  it("with --json keeps the numbers of the object", () => {
    const printed = `{"n":12345678901234567890,"l":[-9007199254740993],"status":"success"}`
    expect(answerText(answer(run(printed), true))).toBe(printed)
  })

  it("with --json is a failure where the object holds more than the sidecar would take", () => {
    const printed = `{"a":[${"[],".repeat(130_000)}[]]}`
    expect(answer(run("", { output: kept(printed, printed.length, 0) }), true)["reason"]).toBe(
      "the command agent was to print a JSON object (--json), and printed one that holds 260004 values, more than 250000"
    )
  })

  it.each([
    ["text", "nonsense", "printed something else: nonsense"],
    ["a list", "[1]", "printed something else: [1]"],
    ["two objects", "{}\n{}", "printed something else: {}\n{}"],
    ["nothing", "", "printed nothing"],
    ["a number", "12345678901234567890", "printed something else: 12345678901234567890"],
    ["too much", `{"a":"${"x".repeat(3_000)}"}`, "printed 3008 bytes, more than"]
  ])("with --json is a failure that says so for %s", (_, output, what) => {
    const refused = answer(run(output), true)
    expect(refused).toMatchObject({ status: "failed", ...facts })
    expect(refused["reason"]).toContain(`the command agent was to print a JSON object (--json), and ${what}`)
  })

  it("that the sidecar could not take is a failure that says so", () => {
    expect(answerText({ status: "success", output: "x".repeat(limits.answer_bytes) })).toMatch(
      /"reason":"the answer is \d+ bytes, more than 16777216"/
    )
    const deep: unknown = JSON.parse("[".repeat(600) + "]".repeat(600))
    expect(answerText({ deep })).toContain("the answer is nested deeper than 500 levels")
    const many = Array.from({ length: json_values }, () => 0)
    expect(answerText({ many })).toContain("the answer holds 250002 values, more than 250000")
  })
})
