import type { LocalFact } from "../../src/domain/Message.ts"
import { nothingHeld } from "../../src/domain/messages/Talk.ts"
import { type JsonObject, unstarted, type WorkStatus } from "../../src/domain/Work.ts"
import { makePage } from "../../src/replay/html/page.ts"
import type { Picture, ReplayEvent, Verdict } from "../../src/replay/ReplayEvent.ts"

const place = { file: "session.jsonl", line: 1 }

const nothing: Picture = {
  connection: "down",
  ownership: "unknown",
  task_id: null,
  generation: null,
  status: null,
  attempts: 0,
  agent_phase: "Idle",
  batch: null,
  disk: "ok",
  draining: false
}

type Untimed<E> = E extends ReplayEvent ? Omit<E, "t"> : never

/** Builds a replayed session: each call adds an event, and `wait` lets milliseconds pass. */
export class Session {
  readonly events: Array<ReplayEvent> = []
  t = Date.UTC(2026, 10, 17, 9, 30)
  #picture = nothing

  add(event: Untimed<ReplayEvent>): this {
    this.events.push({ ...event, t: this.t } as ReplayEvent)
    return this
  }

  wait(ms: number): this {
    this.t += ms
    return this
  }

  file(name: string): this {
    const header = {
      format: 2,
      version: "0.1.0",
      agent_id: "builder-7",
      platform: "linux",
      continues: false,
      config: {}
    }
    return this.add({ kind: "file", file: name, header })
  }

  hub(msg: JsonObject, unheard = false): this {
    return this.add({ kind: "frame", dir: "in", msg, unheard, place })
  }

  send(msg: JsonObject, verdict: Verdict = "same"): this {
    const recorded = verdict === "changed" ? { t: this.t, msg: { ...msg, generation: 1 }, place } : null
    const fields = verdict === "changed" ? ["generation"] : []
    return this.add({ kind: "frame", dir: "out", msg, verdict, recorded, fields })
  }

  fact(fact: LocalFact): this {
    return this.add({ kind: "fact", of: "recording", fact })
  }

  now(change: Partial<Picture>): this {
    const before = this.#picture
    this.#picture = { ...before, ...change }
    return this.add({ kind: "state", before, after: this.#picture })
  }

  connect(): this {
    this.fact({ _tag: "Connected" }).now({ connection: "connected" }).wait(2)
    this.send({ type: "identify", agent_id: "builder-7", token: "s3cret", protocol_version: 1 }).wait(5)
    return this.hub({ type: "identified", agent_id: "builder-7" }).now({ connection: "identified" })
  }

  disconnect(): this {
    return this.fact({ _tag: "Disconnected", half_open: false }).now({ connection: "down" })
  }

  assign(task_id: string, generation: number, description: string): this {
    this.hub({ type: "task_assign", task_id, generation, description, metadata: {}, assigned_at: this.t })
    this.now({ task_id, generation, status: "accepted", attempts: 0 }).wait(3)
    this.send({ type: "task_accepted", task_id, protocol_version: 1 }).wait(2)
    return this.hub({ type: "task_ack", task_id, status: "accepted" })
  }

  wake(task_id: string, attempt = 1): this {
    const wake_id = `w${attempt}`
    this.now({ status: "waking", agent_phase: "Spawning", attempts: attempt })
    this.add({ kind: "wake", task_id, wake_id, attempt, verdict: "same" }).wait(12)
    this.fact({ _tag: "WakeSpawned", work_id: task_id, wake_id })
    return this.now({ status: "confirming", agent_phase: "Running" })
  }

  start(task_id: string): this {
    return this.fact({ _tag: "AgentStarted", work_id: task_id, wake_id: "w1" }).now({
      status: "working",
      agent_phase: "Running"
    })
  }

  progress(task_id: string, progress: number): this {
    this.fact({ _tag: "ProgressFound", work_id: task_id, progress: { progress, execution_event: null } }).wait(4)
    return this.send({ type: "task_progress", task_id, progress, protocol_version: 1 })
  }

  exit(task_id: string, code: number, status: WorkStatus): this {
    const end = { how: "exited", code, output: "" } as const
    this.fact({ _tag: "WakeExited", work_id: task_id, wake_id: "w1", end })
    return this.now({ status, agent_phase: code === 0 ? "Idle" : "AwaitingRetry" })
  }

  answer(task_id: string, generation: number, output = "done"): this {
    const result = { status: "success", output }
    this.fact({ _tag: "ResultFound", work_id: task_id, answer: { _tag: "Success", result, tokens_used: null } })
    this.now({ status: "reporting", agent_phase: "AwaitingAnswer" }).wait(3)
    this.send({ type: "task_complete", task_id, generation, result, protocol_version: 1 }).wait(6)
    this.hub({ type: "task_ack", task_id, status: "complete" })
    this.now({ task_id: null, generation: null, status: null, agent_phase: "Idle", attempts: 0 }).wait(300)
    return this.fact({ _tag: "AgentStopped", work_id: task_id, was_alive: false })
  }

  page(): string {
    const maker = makePage()
    this.events.forEach(maker.take)
    return maker.page()
  }
}

/** The id of the nth task of a session. */
export const id = (n: number): string => `task-${(0x5ca1ab1e0000 + n * 7_919).toString(16).padStart(16, "0")}`

/** One task from the assignment to its end, with 8 frames and 1 wake. */
export const quiet = (): Session =>
  new Session().file("quiet.jsonl").connect().wait(900)
    .assign(id(0), 1, "Write the release notes for 2.4").wake(id(0)).wait(1_400)
    .start(id(0)).wait(60_000).progress(id(0), 40).wait(95_000)
    .answer(id(0), 1)

/** A session with a lost connection, refused and limited frames, failed wakes, a failed save and four differences. */
export const troubled = (): Session =>
  new Session().file("tuesday.jsonl").connect().wait(2_000)
    .assign(id(1), 1, "Fix the flaky login test").wake(id(1)).wait(180).exit(id(1), 127, "accepted").wait(5_000)
    .fact({ _tag: "RetryDue", work_id: id(1) }).wake(id(1), 2).wait(30_000)
    .fact({ _tag: "TimerFired", timer: "task_confirmation", due: 0 }).now({ agent_phase: "Stopping" })
    .add({ kind: "action", action: "stop", task_id: id(1), verdict: "same" }).wait(800)
    .fact({ _tag: "AgentStopped", work_id: id(1), was_alive: true }).now({ agent_phase: "AwaitingRetry" }).wait(15_000)
    .fact({ _tag: "RetryDue", work_id: id(1) }).wake(id(1), 3).wait(2_100).start(id(1)).wait(20_000)
    .progress(id(1), 10).wait(5).hub({ type: "rate_limited", retry_after_ms: 4_000, tier: "normal" }).wait(12_000)
    .disconnect().wait(1_400).connect().wait(2)
    .send({ type: "task_recovering", task_id: id(1), protocol_version: 1 }, "recorded").wait(3)
    .send({ type: "state_report", task_id: id(1), status: "working", generation: 1, protocol_version: 1 }).wait(3)
    .hub({ type: "state_report_ack", task_id: id(1), action: "abort" }).now({ ownership: "denied" }).wait(9)
    .assign(id(1), 3, "Fix the flaky login test").now({ status: "working", agent_phase: "Running", ownership: "ours" })
    .wait(2).send({ type: "wake_result", task_id: id(1), status: "success", protocol_version: 1 }, "ours").wait(3)
    .hub({ type: "error", error: "validation_failed", message_type: "wake_result" }).wait(700_000)
    .fact({ _tag: "SaveFailed", reason: "ENOSPC" }).now({ disk: "failing" }).wait(5_000)
    .fact({ _tag: "SaveSucceeded" }).now({ disk: "ok" }).wait(40_000)
    .send({ type: "task_progress", task_id: id(1), progress: 80, generation: 3 }, "changed").wait(60_000)
    .answer(id(1), 3).wait(4_000)
    .assign(id(2), 1, "Translate the handbook").wake(id(2)).wait(1_200).start(id(2)).wait(25_000)
    .hub({ type: "task_cancelled", task_id: id(2) }).now({ agent_phase: "Stopping" })
    .add({ kind: "action", action: "stop", task_id: id(2), verdict: "ours" }).wait(400)
    .fact({ _tag: "AgentStopped", work_id: id(2), was_alive: true })
    .now({ task_id: null, status: null, agent_phase: "Idle" }).wait(9_000)
    .add({ kind: "life", life: 1, phase: "ends", exit_code: 75, failed: null }).wait(1_500)
    .add({ kind: "life", life: 2, phase: "begins" }).connect()

/** Tasks one after the other until the session has that many frames. */
export const long = (frames: number): Session => {
  const session = new Session().file("month.jsonl").connect()
  const count = () => session.events.filter(({ kind }) => kind === "frame").length
  for (let n = 0, sent = 2; sent < frames; n++, sent = count()) {
    session.wait(1_000 + (n * 7_001) % 90_000).assign(id(n), 1, `Job number ${n}`).wake(id(n)).wait(1_500)
    if (n % 9 === 4) session.exit(id(n), 1, "accepted").wait(5_000).wake(id(n), 2).wait(900)
    session.start(id(n))
    for (let k = 0; k < 6 + n % 15; k++) session.wait(60_000).progress(id(n), k)
    if (n % 23 === 7) session.disconnect().wait(2_500).connect().wait(20).assign(id(n), 3, `Job number ${n}`)
    session.wait(8_000).answer(id(n), 1)
  }
  return session
}

/** A session in which a message of another agent is delivered and answered. */
export const talking = (): Session => {
  const held = nothingHeld
  const batch = {
    ...unstarted,
    kind: "messages",
    id: "batch-1",
    generation: 1,
    payload: { message_ids: ["m1"] }
  } as const
  const at = (status: WorkStatus) => ({ batch: { batch_id: batch.id, status, attempts: 1 } })
  return new Session().file("talking.jsonl").connect().wait(1_000)
    .hub({ type: "message", id: "m1", from: "bob", message_type: "chat", payload: {}, reply_to: null, timestamp: 1 })
    .wait(1_000)
    .fact({
      _tag: "MessagesRecorded",
      held,
      recorded: [{ id: "m1", from: "bob", type: "chat", outcome: "waiting", reason: null }]
    })
    .wait(1_000).fact({ _tag: "BatchReady", batch }).now(at("working"))
    .wait(1_000).fact({ _tag: "AgentStarted", work_id: batch.id, wake_id: null })
    .wait(20_000).fact({ _tag: "DeliveryMarked", end: "Delivered", held }).now({ batch: null })
    .wait(1_000).fact({ _tag: "SendEnded", key: "reply-m1", outcome: { _tag: "Sent", hub_id: "m2" }, held })
}
