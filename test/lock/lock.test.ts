import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { platform } from "../../src/platform.ts"
import { lockFile } from "../../src/storage/FileLock.ts"
import { checkLock, isHeld, type LockFile, takeLock } from "../../src/storage/folderLock.ts"
import { inContainer, lockProcess, temporaryFolder } from "../support/lockProcesses.ts"
import { racedPairs } from "../support/lockRaces.ts"
import { isThere, needing } from "../support/needs.ts"

/** The lock of the folder, held by this process until the scope ends. */
const hold = (folder: string, lock: LockFile = lockFile) =>
  Effect.acquireRelease(takeLock(folder, lock), (held) => Effect.sync(() => held?.release()))

const posix = platform !== "windows"
const modeOf = (path: string) => statSync(path).mode & 0o777

describe("the lock of a folder", () => {
  it.live("has one holder: of ten pairs that start at one instant, one each", () =>
    Effect.gen(function*() {
      const pairs = yield* racedPairs(10)
      expect(pairs).toEqual(Array.from({ length: 10 }, () => ({ at_once: 1, then: "held" })))
    }))

  it.live("is free at once when its holder is killed", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder("lock")
      for (let time = 0; time < 3; time++) {
        const holder = yield* lockProcess(folder)
        expect(yield* holder.ask("take")).toBe("held")
        expect(yield* isHeld(folder)).toBe(true)
        yield* holder.kill
        expect(yield* isHeld(folder)).toBe(false)
      }
    }))

  it.live("is kept by a holder that is stopped and says nothing", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder("lock")
      const holder = yield* lockProcess(folder)
      yield* holder.ask("take")
      holder.signal("SIGSTOP")
      expect(yield* takeLock(folder)).toBeNull()
    }))

  it.effect("is tried for five seconds", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder("lock")
      yield* hold(folder)
      const second = yield* Effect.forkChild(takeLock(folder))
      while (second.pollUnsafe() === undefined) yield* Effect.andThen(TestClock.adjust(25), Effect.promise(settled))
      expect(yield* Fiber.join(second)).toBeNull()
      expect(yield* Clock.currentTimeMillis).toBeGreaterThanOrEqual(4_900)
    }))

  it.live("is not disturbed by who asks for it, and a starter is not by them", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder("lock")
      const holder = yield* lockProcess(folder)
      expect(yield* isHeld(folder)).toBe(false)
      expect(readdirSync(folder)).toEqual([]) // asking makes no file
      yield* holder.ask("take")
      for (let time = 0; time < 20; time++) expect(yield* isHeld(folder)).toBe(true)
      yield* holder.ask("release")
      const asking = yield* Effect.forkChild(Effect.forever(Effect.andThen(isHeld(folder), Effect.sleep(1))))
      for (let time = 0; time < 10; time++) {
        expect(yield* holder.ask("take")).toBe("held")
        yield* holder.ask("release")
      }
      yield* Fiber.interrupt(asking)
    }))

  it.live("is the copy's own in a copied folder", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder("lock")
      const holder = yield* lockProcess(folder)
      yield* holder.ask("take")
      const copy = join(yield* temporaryFolder("lock"), "copy")
      cpSync(folder, copy, { recursive: true })
      expect(yield* hold(copy)).not.toBeNull()
      expect(yield* isHeld(folder)).toBe(true)
    }))

  it.live("is the same by another path of the folder", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder("lock")
      const alias = join(yield* temporaryFolder("lock"), "alias")
      symlinkSync(folder, alias)
      yield* hold(folder)
      expect(yield* isHeld(alias)).toBe(true)
    }))

  it.live.runIf(isThere("namespaces"))(
    needing("namespaces", "is the same in two containers that see the folder at other paths"),
    () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder("lock")
        const [one, two] = [yield* temporaryFolder("lock"), yield* temporaryFolder("lock")]
        const holder = yield* lockProcess(one, inContainer(folder, one))
        const other = yield* lockProcess(two, inContainer(folder, two))
        expect(yield* holder.ask("take")).toBe("held")
        expect(yield* isHeld(folder)).toBe(true)
        expect(yield* other.ask("take")).toBe("busy")
        yield* holder.kill
        expect(yield* other.ask("take")).toBe("held")
      })
  )

  it.live.runIf(isThere("namespaces"))(
    needing("namespaces", "is not had on a disk that cannot be written"),
    () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder("lock")
        const seen = yield* temporaryFolder("lock")
        writeFileSync(join(folder, "lock"), "", { mode: 0o600 })
        const reader = yield* lockProcess(seen, inContainer(folder, seen, "ro"))
        expect(yield* reader.ask("take")).toMatch(/^LockUnusable: .*lock cannot be locked: EROFS/)
      })
  )
})

describe("the lock file", () => {
  it.live.runIf(posix)(
    "is its owner's alone, whatever its mode was and whatever the umask",
    () =>
      Effect.gen(function*() {
        const [fresh, old] = [yield* temporaryFolder("lock"), yield* temporaryFolder("lock")]
        writeFileSync(join(old, "lock"), "")
        for (const folder of [fresh, old]) {
          yield* hold(folder)
          expect(modeOf(join(folder, "lock"))).toBe(0o600)
        }
      })
  )

  const refused: ReadonlyArray<readonly [what: string, make: (path: string) => void, says: RegExp, exitCode: number]> =
    [
      ["a folder", (path) => mkdirSync(path), /it is no regular file; move it away/, 78],
      ["a link", (path) => symlinkSync("elsewhere", path), /it is no regular file; move it away/, 78],
      ["somebody's own file", (path) => writeFileSync(path, "a text of mine"), /not a database; move it away/, 78]
    ]
  it.live.each(refused)(
    "is none where there is %s, which stays as it is",
    ([, make, says, exitCode]) =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder("lock")
        make(join(folder, "lock"))
        const before = lstatSync(join(folder, "lock")).size
        const error = yield* Effect.flip(takeLock(folder))
        expect(error.message).toMatch(says)
        expect(error).toMatchObject({ "~effect/Runtime/errorExitCode": exitCode })
        expect(lstatSync(join(folder, "lock")).size).toBe(before)
      })
  )

  it.live("is not made in a folder that is not there", () =>
    Effect.gen(function*() {
      const folder = join(yield* temporaryFolder("lock"), "gone")
      expect((yield* Effect.flip(takeLock(folder))).message).toMatch(/lock cannot be locked: ENOENT/)
      expect(yield* isHeld(folder)).toBe(false)
    }))
})

describe.runIf(posix)("whether what was locked is still there", () => {
  type Change = (folder: string) => void
  const cases: ReadonlyArray<readonly [what: string, outcome: "held" | "FolderGone" | "FolderLost", change: Change]> = [
    ["nothing happened", "held", () => {}],
    ["the lock was removed", "FolderLost", (folder) => rmSync(join(folder, "lock"))],
    ["another lock took its place", "FolderLost", (folder) => {
      writeFileSync(join(folder, "new"), "")
      renameSync(join(folder, "new"), join(folder, "lock"))
    }],
    ["a link took its place", "FolderLost", (folder) => {
      rmSync(join(folder, "lock"))
      symlinkSync("elsewhere", join(folder, "lock"))
    }],
    ["the folder is gone", "FolderGone", (folder) => rmSync(folder, { recursive: true })],
    ["a file has the folder's name", "FolderGone", (folder) => {
      rmSync(folder, { recursive: true })
      writeFileSync(folder, "")
    }],
    ["another folder has its name", "FolderLost", (folder) => {
      rmSync(folder, { recursive: true })
      mkdirSync(folder)
    }]
  ]
  it.live.each(cases)("%s: it is %s", ([, outcome, change]) =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder("lock")
      const held = yield* hold(folder)
      if (held === null) throw new Error("the folder is free")
      change(folder)
      const found = yield* checkLock(held).pipe(Effect.as("held"), Effect.catch(({ _tag }) => Effect.succeed(_tag)))
      expect(found).toBe(outcome)
    }))
})

describe("a file system without locks", () => {
  /** Locks no file in the folder, and every other file as usual. */
  const without = (folder: string): LockFile => (path) => path.startsWith(folder) ? { _tag: "Busy" } : lockFile(path)

  it.live("is locked by a file elsewhere, of the folder's own name", () =>
    Effect.gen(function*() {
      const [folder, other] = [yield* temporaryFolder("lock"), yield* temporaryFolder("lock")]
      const held = yield* hold(folder, without(folder))
      expect(held?.path).toContain(`agentcom-sidecar-${held?.of?.dev}-${held?.of?.ino}.lock`)
      expect(readdirSync(folder)).toEqual(["lock"])
      expect(yield* takeLock(folder, without(folder))).toBeNull()
      expect((yield* hold(other, without(other)))?.path).not.toBe(held?.path)
    }))

  it.live("tells when another folder took the name of that which was locked", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder("lock")
      const held = yield* hold(folder, without(folder))
      if (held === null) throw new Error("the folder is free")
      yield* checkLock(held)
      const another = yield* temporaryFolder("lock")
      rmSync(folder, { recursive: true })
      expect((yield* Effect.flip(checkLock(held)))._tag).toBe("FolderGone")
      symlinkSync(another, folder)
      expect((yield* Effect.flip(checkLock(held)))._tag).toBe("FolderLost")
    }))
})

/** Lets operations that wait for the file system continue. */
const settled = () => new Promise<void>((resume) => setTimeout(resume, 5))
