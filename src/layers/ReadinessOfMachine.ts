import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { access, constants, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type Settings, SidecarConfig } from "../config/SidecarConfig.ts"
import type { Obstacle } from "../domain/Readiness.ts"
import { platform } from "../platform.ts"
import { programProblemIn, programVersions, withOwnBin } from "../process/programs.ts"
import { Readiness } from "../services/Readiness.ts"
import { attempt } from "../storage/files.ts"
import { homeOf, makeFolder } from "../storage/folders.ts"

const readiness_probe_bytes = 64 * 1024 // written to find out whether a full disk has space again; a task needs no more

const probe = Buffer.alloc(readiness_probe_bytes)

/** Writes into the folder: nothing else shows that a disk is full. */
const writeInto = async (folder: string): Promise<void> => {
  const path = join(folder, `.agentcom-sidecar-${process.pid}`)
  try {
    await writeFile(path, probe, { mode: 0o600 })
  } finally {
    await rm(path, { force: true })
  }
}

const checkFolder = (home: string, folder: string, by_writing: boolean) =>
  attempt(folder, async () => {
    await makeFolder(home, folder)
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    if (by_writing) await writeInto(folder)
  })

/** What is in the agent's own folder is not ours, so nothing is written there. */
const folderProblem = (settings: Settings, by_writing: boolean) => {
  const home = homeOf(settings)
  return Effect.forEach([settings.tasks_dir, settings.results_dir], (folder) => checkFolder(home, folder, by_writing))
    .pipe(
      Effect.andThen(checkFolder(home, settings.agent_dir, false)),
      Effect.as<Obstacle | null>(null),
      Effect.catch(({ path, reason }) =>
        Effect.succeed<Obstacle>({ cause: "folders", reason: `${path} cannot be used: ${reason}` })
      )
    )
}

/** Checks what every wake needs: its programs, by the agent's PATH and folder, and the folders of its files. */
export const ReadinessOfMachine: Layer.Layer<never, never, SidecarConfig> = Layer.effect(
  Readiness,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { wake_command } = settings
    const cwd = homeOf(settings)
    const environment = { ...process.env, ...withOwnBin(process.env, platform) }
    return {
      check: Effect.fnUntraced(function*(by_writing) {
        const problem = programProblemIn(wake_command, environment, cwd)
        return {
          obstacle: problem === undefined
            ? yield* folderProblem(settings, by_writing)
            : { cause: "program", reason: problem },
          programs: yield* programVersions(wake_command, environment, cwd)
        }
      })
    }
  })
)
