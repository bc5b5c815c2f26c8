import * as Layer from "effect/Layer"
import { type Settings, SidecarConfig } from "./config/SidecarConfig.ts"
import { ControlSocket } from "./layers/ControlSocket.ts"
import { FolderLock } from "./layers/FolderLock.ts"
import { HubWebSocket } from "./layers/HubWebSocket.ts"
import { LoggerJsonLines, LoggerWhileHeld } from "./layers/Loggers.ts"
import { OrphansFolder } from "./layers/OrphansFolder.ts"
import { ReadinessOfMachine } from "./layers/ReadinessOfMachine.ts"
import { ResultWatcherFolder } from "./layers/ResultWatcherFolder.ts"
import { TaskStoreFile } from "./layers/TaskStoreFile.ts"
import { WakerProcess } from "./layers/WakerProcess.ts"
import { MessageStore } from "./services/MessageStore.ts"

/** The layers of the actor in production. All of them need the lock of the folder first. */
export const sidecar = (settings: Settings) =>
  Layer.mergeAll(
    HubWebSocket,
    TaskStoreFile,
    Layer.provide(WakerProcess, Layer.mock(MessageStore)({})), // no batch is delivered yet
    ResultWatcherFolder,
    OrphansFolder,
    ReadinessOfMachine,
    ControlSocket
  ).pipe(
    Layer.provideMerge(Layer.provide(LoggerWhileHeld, LoggerJsonLines)),
    Layer.provideMerge(FolderLock),
    Layer.provide(Layer.succeed(SidecarConfig, settings))
  )
