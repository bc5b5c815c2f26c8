import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { chownSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Settings, SidecarConfig } from "../../src/config/SidecarConfig.ts"
import { ControlSocket } from "../../src/layers/ControlSocket.ts"
import { FolderLock, holdFolder } from "../../src/layers/FolderLock.ts"
import { loggerMemory } from "../../src/layers/Loggers.ts"
import { encodeAnswer } from "../../src/observe/control/protocol.ts"
import { Control } from "../../src/observe/control/server.ts"
import { FolderLease } from "../../src/services/FolderLease.ts"
import { isHeld, lock_wait_ms } from "../../src/storage/folderLock.ts"
import { ownerNotices } from "../../src/storage/sharing.ts"
import { lockProcess, temporaryFolder } from "../support/lockProcesses.ts"
import { status } from "../support/status.ts"
import { settings } from "./hubRig.ts"

/** Locks the folder until the scope ends. */
const hold = (folder: string) =>
  Effect.acquireRelease(holdFolder(folder, settings.token), ({ release }) => Effect.sync(release))

const newFolder = temporaryFolder("folder")

const settingsIn = (
  folder: string,
  other: Partial<Settings> = {}
) => ({
  ...settings,
  state_file: join(folder, "queue.json"),
  results_dir: join(folder, "results"),
  tasks_dir: join(folder, "tasks"),
  ...other
})

/** Locks the folder as the sidecar does, until the scope ends. */
const lease = (...where: Parameters<typeof settingsIn>) =>
  Effect.map(
    Layer.build(Layer.provide(FolderLock, Layer.succeed(SidecarConfig, settingsIn(...where)))),
    (context) => Context.get(context, FolderLease)
  )

/** The outcome of a check or a start. */
const outcomeOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.match(Effect.scoped(effect), { onSuccess: () => "ours", onFailure: ({ _tag }) => _tag })

describe("one sidecar a folder", () => {
  it.live("the second one is told who holds it, when that one proves itself: 73", () =>
    Effect.gen(function*() {
      const folder = yield* newFolder
      yield* hold(folder)
      const control = ControlSocket.pipe(
        Layer.provide(Layer.succeed(SidecarConfig, settingsIn(folder))),
        Layer.provide(loggerMemory([]))
      )
      const { answerWith } = yield* Effect.provide(Control, control)
      yield* answerWith(() => Effect.succeed(encodeAnswer({ ...status, token_changed: false })))
      const refusal = yield* Effect.flip(hold(folder))
      assert.strictEqual(refusal["~effect/Runtime/errorExitCode"], 73)
      assert.match(
        refusal.message,
        /held by the sidecar with pid 4711 on the host here, since 1970-01-01T00:00:00\.000Z/
      )
      assert.notInclude(refusal.message, "\n")
    }))

  it.live("where the holder proves nothing, a supervisor is to try again: 75", () =>
    Effect.gen(function*() {
      const folder = yield* newFolder
      yield* hold(folder)
      const refusal = yield* Effect.flip(hold(folder))
      assert.strictEqual(refusal["~effect/Runtime/errorExitCode"], 75)
      assert.match(
        refusal.message,
        /held by another process, so this one does not start: .*control\.json cannot be read/
      )
      assert.notInclude(refusal.message, "\n")
    }))

  it.live("it is free again when its holder has let go, and two folders do not meet", () =>
    Effect.gen(function*() {
      const folder = yield* newFolder
      const scope = yield* Scope.make()
      yield* Scope.provide(hold(folder), scope)
      yield* hold(yield* newFolder)
      yield* Scope.close(scope, Exit.void)
      yield* hold(folder)
    }))

  it.live("who keeps it for a moment only is waited for", () =>
    Effect.gen(function*() {
      const folder = yield* newFolder
      const holder = yield* lockProcess(folder)
      yield* holder.ask("take")
      yield* Effect.forkChild(Effect.andThen(Effect.sleep(lock_wait_ms / 5), holder.kill))
      yield* hold(folder)
    }))
})

describe("the folders of tasks and results that lie elsewhere", () => {
  it.live("are made and held, and keep another sidecar off that was told to use them", () =>
    Effect.gen(function*() {
      const shared = join(yield* newFolder, "shared")
      yield* lease(yield* newFolder, { results_dir: shared })
      assert.isTrue(yield* isHeld(shared))
      const refusal = yield* Effect.flip(lease(yield* newFolder, { tasks_dir: shared }))
      assert.match(
        refusal.message,
        /shared is held by another process, .*give this one a tasks_dir and a results_dir of its own/
      )
    }))

  it.live("are the same by a link in the agent's folder", () =>
    Effect.gen(function*() {
      const [shared, one, other] = [yield* newFolder, yield* newFolder, yield* newFolder]
      for (const folder of [one, other]) symlinkSync(shared, join(folder, "results"))
      yield* lease(one)
      assert.strictEqual(yield* outcomeOf(lease(other)), "FolderBusy")
    }))

  it.live("may be one and the same, or the agent's own", () =>
    Effect.gen(function*() {
      const [folder, shared] = [yield* newFolder, yield* newFolder]
      yield* lease(folder, { results_dir: shared, tasks_dir: shared })
      const another = yield* newFolder
      yield* lease(another, { results_dir: another, tasks_dir: join(another, "a", "b") })
    }))

  it.live(
    "are locked anew where an agent makes them anew, and lost where another sidecar was faster",
    () =>
      Effect.gen(function*() {
        const shared = yield* newFolder
        const { check } = yield* lease(yield* newFolder, { results_dir: shared })
        rmSync(shared, { recursive: true })
        yield* check // it may come back
        mkdirSync(shared)
        yield* check
        assert.isTrue(yield* isHeld(shared))
        rmSync(join(shared, "lock"))
        const faster = yield* lockProcess(shared)
        assert.strictEqual(yield* faster.ask("take"), "held")
        assert.strictEqual(yield* outcomeOf(check), "FolderLost")
      })
  )

  it.live("are used without a lock where they cannot be locked, and the log is told of it", () =>
    Effect.gen(function*() {
      const shared = yield* newFolder
      mkdirSync(join(shared, "lock"))
      const { check, notices } = yield* lease(yield* newFolder, { tasks_dir: shared })
      assert.deepInclude(notices[0], { event: "folder_unlocked", path: join(shared, "lock") })
      yield* check
    }))
})

describe("the agent's folder while it is held", () => {
  const changes: ReadonlyArray<readonly [what: string, outcome: string, change: (folder: string) => void]> = [
    ["nothing", "ours", () => {}],
    ["another state file", "ours", (folder) => writeFileSync(join(folder, "queue.json"), "{}")],
    ["its lock is removed", "FolderLost", (folder) => rmSync(join(folder, "lock"))],
    ["it is removed", "FolderGone", (folder) => rmSync(folder, { recursive: true })]
  ]
  it.live.each(changes)("%s: it is %s", ([, outcome, change]) =>
    Effect.gen(function*() {
      const folder = yield* newFolder
      const { check } = yield* lease(folder)
      change(folder)
      assert.strictEqual(yield* outcomeOf(check), outcome)
    }))
})

describe("what the log is told of how the folder is held", () => {
  it.live("that another folder of this user has the same agent, until that one ends", () =>
    Effect.gen(function*() {
      const agent = { agent_id: `agent-${process.pid}` }
      const start = (folder: string) => lease(folder, agent)
      const scope = yield* Scope.make()
      assert.deepStrictEqual((yield* Scope.provide(start(yield* newFolder), scope)).notices, [])
      const second = yield* start(yield* newFolder)
      assert.strictEqual(second.notices[0]?.event, "same_agent")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual((yield* start(yield* newFolder)).notices, [])
    }))

  it.live("that root runs it in the folder of somebody else, and only that", () =>
    Effect.gen(function*() {
      const folder = yield* newFolder
      const owner = statSync(folder).uid
      assert.deepStrictEqual(yield* ownerNotices(folder, 1_000), [])
      if (owner === 0) {
        assert.deepStrictEqual(yield* ownerNotices(folder, 0), [])
        chownSync(folder, 1_000, 1_000)
      }
      const [notice] = yield* ownerNotices(folder, 0)
      assert.deepInclude(notice, { event: "started_as_root", path: folder })
    }))
})
