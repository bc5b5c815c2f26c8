import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { defaultPrompt } from "../../src/config/promptTemplate.ts"
import { type Settings, SidecarConfig } from "../../src/config/SidecarConfig.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import type { Task } from "../../src/domain/Work.ts"
import { loggerMemory } from "../../src/layers/Loggers.ts"
import { WakerProcess } from "../../src/layers/WakerProcess.ts"
import type { Logger } from "../../src/services/Logger.ts"
import { MessageStore } from "../../src/services/MessageStore.ts"
import { Waker } from "../../src/services/Waker.ts"
import { patience_ms } from "../support/patience.ts"

export const token = "t0ken-of-the-test"

/** Waits until `look` gives something; the deadline only bounds a failure. */
export const until = <A>(
  what: string,
  look: () => A | undefined | false,
  deadline_ms = patience_ms
): Effect.Effect<A> =>
  Effect.promise(async () => {
    for (let left = Math.max(deadline_ms, patience_ms); left > 0; left -= 5) {
      const found = look()
      if (found !== undefined && found !== false) return found
      await wait(5)
    }
    throw new Error(`it did not come to pass: ${what}`)
  })

const textOrEmpty = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

const stateOf = (pid: number): string => /^\d+ \(.*\) (\S)/s.exec(textOrEmpty(`/proc/${pid}/stat`))?.[1] ?? "gone"

export const isRunning = (pid: number): boolean => !["gone", "Z", "X"].includes(stateOf(pid))

export const startTimeOf = (pid: number): string => {
  const stat = textOrEmpty(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""
}

export const thisBoot = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()

const kill = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // it has ended
  }
}

/** Every process that was given a file of messages below `folder`. */
const processesOf = (folder: string): ReadonlyArray<number> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) =>
    textOrEmpty(`/proc/${pid}/environ`).includes(`MESSAGES_FILE=${folder}/`)
  )

/** One agent's folder, with what the layers log. Whatever runs on its behalf is killed with the scope. */
export interface Folder {
  readonly path: string
  readonly events: Array<LifecycleEvent>
  readonly file: (...names: ReadonlyArray<string>) => string
  readonly has: (...names: ReadonlyArray<string>) => boolean
  readonly read: (...names: ReadonlyArray<string>) => string
  /** Waits for a pid that a script writes into a file. */
  readonly pid: (name: string) => Effect.Effect<number>
  /** A process that the folder's own marks do not give away. */
  readonly adopt: (pid: number) => number
  readonly services: (settings?: Partial<Settings>) => Layer.Layer<SidecarConfig | Logger>
}

export const makeFolder: Effect.Effect<Folder, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const path = mkdtempSync(join(tmpdir(), "sidecar-layers-"))
    const strangers = new Set<number>()
    const events: Array<LifecycleEvent> = []
    const file = (...names: ReadonlyArray<string>) => join(path, ...names)
    const read = (...names: ReadonlyArray<string>) => readFileSync(file(...names), "utf8")
    const adopt = (pid: number) => {
      strangers.add(pid)
      return pid
    }
    const base: Settings = {
      agent_id: "tester",
      token: Redacted.make(token),
      hub_url: "ws://127.0.0.1:1",
      hub_api_url: "http://127.0.0.1:1",
      wake_command: "true",
      prompt_template: defaultPrompt,
      wake_command_blocks: false,
      message_command: null,
      message_command_blocks: true,
      messages: defaultMessagePolicy,
      send_max_bytes: 1024 * 1024,
      outbox_dir: file("outbox"),
      capabilities: [],
      confirmation_timeout_ms: 30_000,
      agent_silence_ms: 1_800_000,
      output_silence_ms: 3_600_000,
      task_timeout_ms: 86_400_000,
      kill_grace_ms: 5_000,
      retention_days: 7,
      agent_dir: path,
      results_dir: file("results"),
      tasks_dir: file("tasks"),
      state_file: file("queue.json"),
      log_file: file("sidecar.log"),
      log_file_bytes: 10_000_000,
      log_files: 3,
      tls_ca: null,
      tls_cert: null,
      tls_key: null,
      secret_files: [],
      own_files: []
    }
    const folder: Folder = {
      path,
      events,
      file,
      read,
      has: (...names) => existsSync(file(...names)),
      pid: (name) =>
        Effect.map(
          until(`a pid in ${name}`, () => /^\d+\n/.exec(textOrEmpty(file(name)))?.[0]),
          (text) => adopt(Number(text))
        ),
      adopt,
      services: (settings) => Layer.merge(Layer.succeed(SidecarConfig, { ...base, ...settings }), loggerMemory(events))
    }
    return { folder, strangers }
  }),
  ({ folder, strangers }) =>
    Effect.sync(() => {
      for (const pid of [...strangers, ...processesOf(folder.path)]) kill(pid)
      rmSync(folder.path, { recursive: true, force: true })
    })
).pipe(Effect.map(({ folder }) => folder))

type Read = MessageStore["Service"]["read"]

/** The waker of the folder, for as long as the test runs, over an inbox. */
export const wakerOf = (folder: Folder, settings?: Partial<Settings>, read: Read = () => Effect.succeed([])) =>
  WakerProcess.pipe(
    Layer.provide(Layer.mock(MessageStore)({ read })),
    Layer.provide(folder.services(settings)),
    Layer.build,
    Effect.map(Context.get(Waker))
  )

/** A process that has ended and that its parent, which became `sleep`, never collects. */
export const makeZombie = Effect.fnUntraced(function*(folder: Folder) {
  const go = folder.file("go")
  const script = `while [ ! -e "${go}" ]; do sleep 0.01; done & echo $! > "${folder.file("dead")}"; exec sleep 60`
  const child = spawn("/bin/sh", ["-c", script], { detached: true, stdio: "ignore" })
  const parent = folder.adopt(yield* until("a process", () => child.pid))
  const pid = yield* folder.pid("dead")
  yield* until("its parent to be sleep", () => textOrEmpty(`/proc/${parent}/comm`) === "sleep\n")
  writeFileSync(go, "")
  return yield* until("a zombie", () => stateOf(pid) === "Z" && pid)
})

type Given = Partial<Task["payload"] & Omit<Task, "kind" | "id" | "payload">>

export const taskOf = (id: string, more: Given = {}): Task => {
  const { description = "say hello", metadata = { url: "https://example.org" } } = more
  const { assigned_at = 1_795_000_000_000, assignment, description: _d, metadata: _m, ...work } = more
  const frame = { type: "task_assign", task_id: id, description, metadata, generation: 2, priority: "high" }
  return {
    kind: "task",
    id,
    generation: 2,
    payload: { description, metadata, assigned_at, assignment: assignment ?? frame },
    status: "waking",
    wake_attempts: 1,
    woken_at: 1_795_000_000_001,
    wake: null,
    failure: null,
    ...work
  }
}

/** A task whose current wake is `wake_id`. */
export const wokenTask = (task_id: string, wake_id: string): Task =>
  taskOf(task_id, { wake: { id: wake_id, at: 1_795_000_000_002, end: null } })
