import * as Layer from "effect/Layer"
import { type Settings, SidecarConfig } from "./config/SidecarConfig.ts"
import { ControlSocket } from "./layers/ControlSocket.ts"
import { FolderLock } from "./layers/FolderLock.ts"
import { HubWebSocket } from "./layers/HubWebSocket.ts"
import { LoggerJsonLines } from "./layers/LoggerJsonLines.ts"
import { LoggerWhileHeld } from "./layers/LoggerWhileHeld.ts"
import { OrphansFolder } from "./layers/OrphansFolder.ts"
import { ReadinessOfMachine } from "./layers/ReadinessOfMachine.ts"
import { ResultWatcherFolder } from "./layers/ResultWatcherFolder.ts"
import { TaskStoreFile } from "./layers/TaskStoreFile.ts"
import { WakerProcess } from "./layers/WakerProcess.ts"

/** Everything the actor runs on in production, once the folder is ours. */
export const sidecar = (settings: Settings) =>
  Layer.mergeAll(
    HubWebSocket,
    TaskStoreFile,
    WakerProcess,
    ResultWatcherFolder,
    OrphansFolder,
    ReadinessOfMachine,
    ControlSocket
  ).pipe(
    Layer.provideMerge(Layer.provide(LoggerWhileHeld, LoggerJsonLines)),
    Layer.provideMerge(FolderLock),
    Layer.provide(Layer.succeed(SidecarConfig, settings))
  )
