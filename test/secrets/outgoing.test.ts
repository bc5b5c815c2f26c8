import { describe, expect, it } from "@effect/vitest"
import type { HubCommand, Report } from "../../src/domain/Command.ts"
import type { Outgoing } from "../../src/domain/messages/Outgoing.ts"
import type { Task } from "../../src/domain/Work.ts"
import { makeHideInMessage, makeHideSecrets } from "../../src/secrets/outgoing.ts"
import type { Secret } from "../../src/secrets/secret.ts"

const token = "t0ken"
const key = "0123456789abcdef"
const secrets: ReadonlyArray<Secret> = [
  { value: token, name: "token", certain: true },
  { value: key, name: "API_KEY", certain: false },
  { value: `${key}-and-more`, name: "LONGER_KEY", certain: false },
  { value: "production", name: "STAGE_SECRET", certain: false }
]
const hide = makeHideSecrets(secrets)

const task: Task = {
  kind: "task",
  id: `task-${token}`,
  generation: 1,
  payload: { description: `the hub itself has said ${token}`, metadata: {}, assigned_at: 0, assignment: {} },
  status: "reporting",
  wake_attempts: 1,
  woken_at: 0,
  wake: null,
  failure: null
}

const complete = (result: Extract<Report, { readonly _tag: "Complete" }>["result"]): HubCommand => ({
  _tag: "SendReport",
  task,
  report: { _tag: "Complete", result, tokens_used: 7 }
})

describe("what goes out is without", () => {
  const commands: ReadonlyArray<readonly [field: string, said: (text: string) => HubCommand]> = [
    ["result", (text) => complete({ deep: [{ text }], status: "success" })],
    ["result", (text) => complete({ [text]: 1 })],
    ["reason", (reason) => ({ _tag: "SendReport", task, report: { _tag: "Failed", reason } })],
    ["execution_event", (text) => ({
      _tag: "SendProgress",
      task,
      progress: { progress: null, execution_event: { text } }
    })],
    ["error", (reason) => ({ _tag: "SendWakeResult", task, status: "failed", reason })],
    ["reason", (reason) => ({ _tag: "RejectTask", task_id: task.id, reason })],
    ["reason", (reason) => ({ _tag: "AnnounceRestart", reason })]
  ]

  it.each(commands)("the token and keys, in its %s", (field, said) => {
    const { hidden, safe } = hide(said(`${token} "${key}" ${key}-and-more`))
    expect(safe).toEqual(said("<redacted> \"<redacted>\" <redacted>"))
    expect(hidden?.field).toBe(field)
    expect(hidden?.names).toEqual(["LONGER_KEY", "API_KEY", "token"])
  })

  it.each(commands)("nothing else, in its %s: an ordinary word stays, whatever variable holds it", (_, said) => {
    const command = said("runs in production, 0123456789abcde")
    expect(hide(command)).toEqual({ safe: command, hidden: null })
  })

  it("ids and what the hub has said stay as they are", () => {
    const said: ReadonlyArray<HubCommand> = [
      { _tag: "Identify", status: "idle" },
      { _tag: "AcceptTask", task },
      { _tag: "AskRecovery", task },
      { _tag: "ReportState", task }
    ]
    for (const command of said) expect(hide(command)).toEqual({ safe: command, hidden: null })
    expect(hide(complete({ text: token })).hidden?.task_id).toBe(task.id)
  })

  it("values that hold no secret stay the very same ones, as numbers may be written as raw text", () => {
    const raw = Object.freeze({ number: 1 })
    const { safe } = hide(complete({ raw, text: token }))
    expect(safe).toEqual(complete({ raw, text: "<redacted>" }))
    expect(safe._tag === "SendReport" && safe.report._tag === "Complete" && safe.report.result["raw"]).toBe(raw)
  })
})

describe("a message to others is without", () => {
  const hideInMessage = makeHideInMessage(secrets)
  const messageOf = (text: string): Outgoing => ({
    key: "k-1",
    target: { _tag: "Agent", agent_id: text },
    type: text,
    reply_to: text,
    payload: { [text]: [{ text }] }
  })

  it("the token and keys, in all that an agent may have written", () => {
    expect(hideInMessage(messageOf(`${token} ${key}`))).toEqual({
      safe: messageOf("<redacted> <redacted>"),
      names: ["API_KEY", "token"]
    })
    expect(hideInMessage({ ...messageOf("x"), target: { _tag: "Channel", channel: token } }).safe.target).toEqual({
      _tag: "Channel",
      channel: "<redacted>"
    })
  })

  it("nothing else", () => {
    const message = { ...messageOf("runs in production"), reply_to: null }
    expect(hideInMessage(message)).toEqual({ safe: message, names: [] })
  })
})
