import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { obstaclesIn } from "../agent/environment.ts"
import { isAlive, livingWakes, neverBegan, newestAtWork, processEvidence } from "../agent/evidence.ts"
import { taskInput } from "../agent/input.ts"
import { batchInput } from "../agent/messages/input.ts"
import { renewTaskMessages } from "../agent/messages/taskMessages.ts"
import { stopWakes } from "../agent/stop.ts"
import { prepareWake, spawnWake, tooLargeForSystem } from "../agent/wake.ts"
import { makeWakeMemory, type WakeRecords, wakeRecords, type WakerTools } from "../agent/wakes.ts"
import { type Settings, SidecarConfig } from "../config/SidecarConfig.ts"
import type { ProcessEvidence } from "../domain/Evidence.ts"
import type { BatchMessage } from "../domain/messages/InboxMessage.ts"
import type { WakeEnd, Work } from "../domain/Work.ts"
import { platform } from "../platform.ts"
import type { KnownWake, Place } from "../process/knownWake.ts"
import { polling } from "../process/limits.ts"
import { posixProcesses } from "../process/processes.ts"
import { reaperRemedy, systemTable, unreaped } from "../process/processTable.ts"
import { type LogKeeper, makeLogKeeper, outputTail } from "../process/taskLog.ts"
import { logPath, readRecord, revokeOrRead, settledRecord, type WakeFiles, wakeFiles } from "../process/wakeFiles.ts"
import { windowsProcesses } from "../process/windowsProcesses.ts"
import { knownSecrets, quotable } from "../secrets/secret.ts"
import { Logger } from "../services/Logger.ts"
import { MessageStore } from "../services/MessageStore.ts"
import { AgentsUnknown, Waker } from "../services/Waker.ts"
import { attempt, type FileError, orElseLog } from "../storage/files.ts"
import { homeOf, makeFolder, withHome } from "../storage/folders.ts"
import { makeLooks, readAgain } from "../storage/reading.ts"

const processes = platform === "windows" ? windowsProcesses : posixProcesses(systemTable)

const notKnown: ProcessEvidence = { process: "unknown", this_boot: true }

const unknown = (error: { readonly message: string }): AgentsUnknown =>
  new AgentsUnknown({ reason: error.message, exit_code: Runtime.getErrorExitCode(error) })

/** The tasks that have a living agent, by the records, our memory and the process table. */
const survivorsBy = (records: WakeRecords, { looks, memory }: WakerTools, log: Logger["Service"]["log"]) => {
  const living = Effect.gen(function*() {
    const found = yield* livingWakes(processes, yield* records.known(readRecord), memory.all())
    return [...new Set(found.map(({ wake: { files } }) => files.work_id))]
  })
  return {
    survivors: Effect.mapError(looks.once(living), unknown),
    survivorsAtStart: Effect.mapError(readAgain(living, log), unknown)
  }
}

type Inbox = Pick<MessageStore["Service"], "read">

/** Prepares the wake of a task, or of a batch with its messages from the inbox; or says how this machine cannot wake anybody. */
const prepare = (settings: Settings, inbox: Inbox, work: Work, files: WakeFiles) => {
  const input = work.kind === "task"
    ? taskInput(settings, work, files)
    : Effect.flatMap(inbox.read(work.payload.message_ids), (messages) => batchInput(settings, messages, files))
  return input.pipe(
    Effect.flatMap((given) => prepareWake(settings, given)),
    Effect.catchTags({
      ProgramMissing: ({ reason }) => Effect.succeed({ how: "unspawned" as const, reason }),
      StoreError: ({ message }) => Effect.succeed({ how: "unwritten" as const, reason: message })
    })
  )
}

/** Makes the outbox. An agent can answer without it, so what keeps it from being made keeps nobody from being woken. */
const makeOutbox = (settings: Settings, log: Logger["Service"]["log"]): Effect.Effect<void> => {
  const { outbox_dir } = settings
  return orElseLog(attempt(outbox_dir, () => makeFolder(homeOf(settings), outbox_dir)), log, () => undefined)
}

interface Services {
  readonly log: Logger["Service"]["log"]
  readonly logs: LogKeeper
  readonly inbox: Inbox
}

const make = (settings: Settings, { inbox, log, logs }: Services, tools: WakerTools) => {
  const { kill_grace_ms, tasks_dir } = settings
  const { looks, memory, quoting } = tools
  const unbegun = new Map<string, string>() // by task: the wake that this life of the daemon could not begin
  const records = wakeRecords(tools, tasks_dir, log)
  const outputOf = (known: KnownWake | null, work_id: string) =>
    outputTail(logPath(tasks_dir, work_id), known?.record?.log_offset ?? 0, quoting)

  const wake = Effect.fn("Waker.wake")(function*(work: Work, wake_id: string) {
    const didNotRun = (how: "unwritten" | "unspawned") => ({ reason }: { readonly reason: string }): WakeEnd => {
      unbegun.set(work.id, wake_id)
      memory.forget(work.id)
      return { how, code: null, output: reason }
    }
    const unwritten = didNotRun("unwritten")
    const prepared = yield* prepare(settings, inbox, work, wakeFiles(tasks_dir, work.id, wake_id))
    if ("how" in prepared) return { end: Effect.succeed(didNotRun(prepared.how)(prepared)) }
    yield* makeOutbox(settings, log)
    yield* logs.keep(work.id)
    const spawning = spawnWake(settings, tools, prepared)
    const spawned = yield* orElseLog(spawning, log, (error) => ({ end: Effect.succeed(unwritten(error)) }))
    if (spawned === "too large") return yield* tooLargeForSystem(prepared)
    return { end: orElseLog(spawned.end, log, unwritten) }
  })

  const adopt = Effect.fn("Waker.adopt")(function*(work: Work, wake_id: string) {
    const known = yield* looks.untilKnown(records.know(settledRecord, wakeFiles(tasks_dir, work.id, wake_id)))
    const alive = known === null ? Effect.succeed(false) : looks.untilKnown(isAlive(processes, known))
    const ended = Effect.repeat(alive, { schedule: polling, while: (lives) => lives })
    if (known !== null && (yield* alive)) yield* Effect.flatten(memory.watch(known, ended))
    const output = yield* outputOf(known, work.id)
    return { how: "unseen", code: null, output } satisfies WakeEnd
  })

  const inspect = Effect.fn("Waker.inspect")(function*(work: Work) {
    if (work.wake === null || unbegun.get(work.id) === work.wake.id) return neverBegan
    yield* logs.keep(work.id)
    const files = wakeFiles(tasks_dir, work.id, work.wake.id)
    const looking = looks.once(withHome(homeOf(settings))(processEvidence(tools, tasks_dir, files)))
    const found = yield* Effect.orElseSucceed(looking, () => notKnown)
    if (found.process === "alive" && work.status === "working") return found
    const known = yield* Effect.orElseSucceed(records.know(readRecord, files), () => null)
    const output = yield* outputOf(known, work.id)
    return output === "" ? found : { ...found, output }
  })

  const stop = Effect.fn("Waker.stop")(function*(work_id: string, linger_ms: number) {
    const wakes = yield* looks.untilKnown(records.known(revokeOrRead, work_id))
    const was_alive = yield* stopWakes({ processes, looks, log }, wakes, memory.all(), {
      work_id,
      linger_ms,
      kill_grace_ms
    })
    memory.forget(work_id)
    yield* logs.release(work_id)
    return was_alive
  })

  const forget = Effect.fn("Waker.forget")(function*(work_id: string, keep_output: boolean) {
    unbegun.delete(work_id)
    yield* logs.release(work_id)
    yield* records.forget(work_id, keep_output)
  })

  const atWork = Effect.mapError(readAgain(newestAtWork(tools, tasks_dir), log), unknown)
  const showMessages = (task_id: string, messages: ReadonlyArray<BatchMessage>) =>
    Effect.asVoid(orElseLog(renewTaskMessages(settings, task_id, messages), log, () => null))

  return Waker.of({ wake, adopt, inspect, stop, ...survivorsBy(records, tools, log), atWork, forget, showMessages })
}

/** Asks for the place until it is known; then it does not change. */
const toldOnce = (place: Effect.Effect<Place, FileError>): Effect.Effect<Place, FileError> => {
  let told: Place | null = null
  return Effect.gen(function*() {
    told ??= yield* place
    return told
  })
}

/** Wakes agents by `wake_command` and `message_command`, and recognises them by the records in `tasks_dir`. */
export const WakerProcess: Layer.Layer<Waker, never, SidecarConfig | Logger | MessageStore> = Layer.effect(
  Waker,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { log } = yield* Logger
    const { message_command, wake_command } = settings
    const commands = message_command === null ? [wake_command] : [wake_command, message_command]
    for (const reason of new Set(commands.flatMap((command) => obstaclesIn(process.env, command)))) {
      yield* log({ event: "wake_obstructed", reason })
    }
    const reason = platform === "linux" ? unreaped() : null
    if (reason !== null) yield* log({ event: "processes_unreaped", reason, remedy: reaperRemedy })
    const looks = makeLooks(log)
    const secrets = knownSecrets(settings, process.env)
    const logs = yield* makeLogKeeper(settings.tasks_dir, log)
    return make(settings, { log, logs, inbox: yield* MessageStore }, {
      processes,
      looks,
      memory: yield* makeWakeMemory(processes, looks),
      place: toldOnce(processes.place),
      quoting: { mask: (text) => quotable(text, secrets), own: settings.own_files }
    })
  })
)
