import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { readFileSync } from "node:fs"
import type { LocalFact } from "../../src/domain/Message.ts"
import { nothingHeld } from "../../src/domain/messages/Talk.ts"
import { makeCut, parseDryRun, parseMoment } from "../../src/replay/print/options.ts"
import { textOf } from "../../src/replay/print/textOf.ts"
import type { ReplayEvent } from "../../src/replay/ReplayEvent.ts"
import { replayedText, textOfRecording } from "./support.ts"

const events = replayedText(textOfRecording("blip.jsonl"))
const lines = events.flatMap(textOf)

const first_t = Date.parse("2026-11-21T23:30:00Z")
const momentOf = (text: string): string | null => {
  const moment = parseMoment(text)
  return moment === null ? null : new Date(moment(first_t)).toISOString()
}

describe("the printed timeline", () => {
  it("tells time, event, state change, what would be sent and what would be woken, a line each", () => {
    expect(lines.slice(0, 3)).toEqual([
      "  00:17:09.450  recording  1.jsonl (frames only)",
      "  00:17:09.450  sidecar    life 1 begins",
      "  00:17:09.450  fact?      restarted"
    ])
    expect(lines).toContain(
      "  00:17:09.583  from hub   task_assign task_id=task-098866a4446e7d57 generation=1 description=\"do it\""
    )
    expect(lines).toContain("  00:17:09.583  state      no task → task-098866a4446e7d57 accepted g1")
    expect(lines.filter((line) => line.includes("WAKE"))).toEqual([
      "  00:17:09.583  WAKE       task-098866a4446e7d57 attempt 1"
    ])
    expect(lines).toContain(
      "  00:17:09.598  to hub     wake_result task_id=task-098866a4446e7d57 status=success attempt=1"
    )
  })

  it("shows differences as a diff, each with its own time", () => {
    expect(lines.filter((line) => /^[-+]/.test(line)).slice(0, 4)).toEqual([
      "- 00:17:09.586  to hub     task_accepted task_id=task-098866a4446e7d57",
      "+ 00:17:09.583  to hub     task_accepted task_id=task-098866a4446e7d57 description=\"do it\" metadata={}",
      "- 00:17:12.290  to hub     identify status=idle",
      "+ 00:17:12.290  to hub     identify status=\"at work since 2026-11-21T00:17:09.583Z\""
    ])
  })

  it("ends with the counts and how often each task was woken", () => {
    expect(lines.slice(-3)).toEqual([
      "frames: 8 in; out 2 same, 5 changed, 1 only recorded, 0 only of this version",
      "other differences: 0",
      "woken: task-098866a4446e7d57 once"
    ])
  })

  it("tells what is said, read, recorded, delivered and sent, and nothing of a look that found no message", () => {
    const session = readFileSync("test/fixtures/sessions/mail-while-away.jsonl", "utf8")
    const printed = replayedText(session).flatMap(textOf).map((line) =>
      line.slice(16).replaceAll(/\b[0-9a-f]{16}\b/g, "ID")
    )
    expect(printed).toContain("from hub   message id=ID from=bob message_type=chat")
    expect(printed).toContain("talk       read 3 from the mailbox")
    expect(printed).toContain("talk       recorded 3 waiting")
    expect(printed).toContain("talk       mailbox acknowledged")
    expect(printed.filter((line) => /^talk {7}batch-\d+ of \d$/.test(line)).length).toBeGreaterThan(1)
    expect(printed.filter((line) => /^state {6}no batch → batch-\d+ accepted$/.test(line)).length).toBeGreaterThan(1)
    expect(printed).toContain("talk       delivery: delivered")
    expect(printed).toContain("talk       sent reply-ID")
    expect(printed.filter((line) => /held_changed|catch_up|read 0/.test(line))).toEqual([])
  })

  it("says why a message was not sent, read or recorded", () => {
    const held = nothingHeld
    const facts: ReadonlyArray<readonly [LocalFact, string | undefined]> = [
      [
        { _tag: "SendEnded", key: "k1", outcome: { _tag: "Refused", reason: "HTTP 404" }, held },
        "talk       refused k1: \"HTTP 404\""
      ],
      [
        { _tag: "SendEnded", key: "k1", outcome: { _tag: "Limited" }, held },
        "talk       limited k1: \"too many requests\""
      ],
      [{ _tag: "SendEnded", key: null, outcome: { _tag: "Sent", hub_id: null }, held }, undefined],
      [
        { _tag: "HubUnread", reading: { _tag: "ChannelHistory", channel: "x", since: 0 }, pass: 1, reason: "HTTP 500" },
        "talk       channel history not read: \"HTTP 500\""
      ],
      [{ _tag: "MessagesUnrecorded", reason: "full" }, "talk       not recorded: full"],
      [{ _tag: "MailboxAcknowledged", pass: 1, done: false }, "talk       mailbox not acknowledged"]
    ]
    for (const [fact, expected] of facts) {
      const [printed] = textOf({ t: 0, kind: "fact", of: "recording", fact })
      expect(printed?.slice(16)).toBe(expected)
    }
  })

  it("holds nothing that a terminal would act on, and no line longer than one can read", () => {
    const evil = "\u001b[2J\u202e\u0007" + "x".repeat(5_000)
    const text = textOfRecording("blip.jsonl").replaceAll("do it", JSON.stringify(evil).slice(1, -1))
    const printed = replayedText(text).flatMap(textOf)
    expect(printed.some((line) => line.includes("\\u001b[2J"))).toBe(true)
    expect(printed.filter((line) => /[\p{Cc}\p{Cf}]/u.test(line) || line.length > 800)).toEqual([])
  })
})

describe("a time on the command line", () => {
  const zone = process.env["TZ"]
  beforeAll(() => void (process.env["TZ"] = "America/New_York"))
  afterAll(() => {
    if (zone === undefined) delete process.env["TZ"]
    else process.env["TZ"] = zone
  })

  for (
    const [text, expected] of [
      ["2026-11-21T23:31:00Z", "2026-11-21T23:31:00.000Z"],
      ["23:45:00", "2026-11-21T23:45:00.000Z"],
      ["23:45", "2026-11-21T23:45:00.000Z"],
      ["00:10:00.500", "2026-11-22T00:10:00.500Z"],
      ["23:20", "2026-11-21T23:20:00.000Z"],
      ["13:00", "2026-11-21T13:00:00.000Z"],
      ["11:00", "2026-11-22T11:00:00.000Z"],
      ["2026-11-21T23:31", "2026-11-21T23:31:00.000Z"],
      ["2026-11-21 23:31:00.5", "2026-11-21T23:31:00.500Z"],
      ["2026-11-21T23:31:00+02:00", "2026-11-21T21:31:00.000Z"],
      ["2026-11-22", "2026-11-22T00:00:00.000Z"],
      ["12.5", "2026-11-21T23:30:12.500Z"],
      ["0", "2026-11-21T23:30:00.000Z"],
      ["24:00", null],
      ["12:60", null],
      ["yesterday", null],
      ["-3", null],
      ["2026-13-40", null]
    ] as const
  ) {
    it(`may be ${text}: ${expected ?? "no, it may not"}`, () => {
      expect(momentOf(text)).toBe(expected)
    })
  }
})

describe("what is printed", () => {
  const at = (t: number, task_id: string): ReplayEvent => ({
    t,
    kind: "wake",
    task_id,
    wake_id: "w",
    attempt: 1,
    verdict: "same"
  })
  const all = [at(first_t, "a"), at(first_t + 1_000, "b"), at(first_t + 2_000, "a")]
  const shown = (from: string | null, to: string | null, task: string | null) => {
    const isShown = makeCut({
      from: from === null ? null : parseMoment(from),
      to: to === null ? null : parseMoment(to),
      task
    })
    return all.filter(isShown).map(({ t }) => (t - first_t) / 1_000)
  }

  it("can be cut by time and by task", () => {
    expect(shown(null, null, null)).toEqual([0, 1, 2])
    expect(shown("1", null, null)).toEqual([1, 2])
    expect(shown(null, "23:30:01", null)).toEqual([0, 1])
    expect(shown("0.5", "2", "a")).toEqual([2])
  })
})

describe("the options of a dry run", () => {
  it("are refused in a sentence where they make no sense", () => {
    for (
      const [typed, problem] of [
        [{ expect: "maybe" }, "--expect takes strict, none or ignore=FIELD,FIELD, not maybe"],
        [{ expect: "ignore=" }, "--expect takes strict, none or ignore=FIELD,FIELD, not ignore="],
        [{ agent: "works" }, "--agent: works is none of confirms-after=MS, confirms-after=never, works=MS, exits=CODE"],
        [{ from: "noon" }, "--from takes an ISO time, HH:MM:SS or seconds from the beginning, not noon"],
        [{ to: "25:00" }, "--to takes an ISO time, HH:MM:SS or seconds from the beginning, not 25:00"]
      ] as const
    ) {
      expect(Result.getFailure(parseDryRun(typed))).toMatchObject({ value: problem })
    }
  })
})
