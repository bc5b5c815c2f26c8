import { describe, expect, test } from "vitest"
import { excerpt, plainReason } from "../../src/exec/reason.ts"

describe("the reason that a failure quotes", () => {
  test.each<[what: string, printed: string, reason: string]>([
    ["is what was printed", "no such model\n", "no such model"],
    ["has no colours and no control characters", "\u001b[31mError:\u001b[0m bad\u0007 key\r\n", "Error: bad  key"],
    [
      "has no stack frames, and the error first",
      `file:///app/main.js:12
    throw new Error("boom")
          ^

Error: boom
    at run (file:///app/main.js:12:11)
    at async main (/app/main.js:3:1)
    at new Promise (<anonymous>)
    at Array.map (<anonymous>)
    ... 3 lines matching cause stack trace ...
    at node:internal/process:1:2

Node.js v24.1.0
`,
      "Error: boom"
    ],
    [
      "names the error before what led to it",
      "loading the model\nAPI Error: 401 bad key\n",
      "API Error: 401 bad key\nloading the model"
    ],
    ["has warnings last", "Warning: yolo\n[WARN] old\nloop\n", "loop\nWarning: yolo\n[WARN] old"]
  ])("%s", (_, printed, reason) => {
    expect(plainReason(printed)).toBe(reason)
  })

  test("does not repeat the prompt, not even a part of it", () => {
    const prompt = "Do the secret task of the day.\n\nok\nAnd then tell nobody about it.\n"
    const printed = `user\nDo the secret task of the day.\n\nok\n  And then tell nobody about it.\nError: no model\n`
    expect(plainReason(printed, prompt)).toBe("Error: no model\nuser\nok")
  })

  test("is at most 2,000 characters: the beginning and the end", () => {
    const long = plainReason(`Error: first\n${"middle\n".repeat(1_000)}the last line`)
    expect(long.length).toBe(2_000)
    expect(long).toMatch(/^Error: first\nmiddle.* \[…\] .*the last line$/s)
    expect(excerpt("🦀".repeat(2_000))).toMatch(/^[🦀\ufffd]+ \[…\] [🦀\ufffd]+$/u)
  })
})
