import * as Layer from "effect/Layer"
import { type Settings, SidecarConfig } from "./config/SidecarConfig.ts"
import { ControlSocket } from "./layers/ControlSocket.ts"
import { FolderLock } from "./layers/FolderLock.ts"
import { HubWebSocket } from "./layers/HubWebSocket.ts"
import { LoggerJsonLines, LoggerWhileHeld } from "./layers/Loggers.ts"
import { MessageStoreFile } from "./layers/MessageStoreFile.ts"
import { MessengerHttp } from "./layers/MessengerHttp.ts"
import { OrphansFolder } from "./layers/OrphansFolder.ts"
import { OutboxFolder } from "./layers/OutboxFolder.ts"
import { ReadinessOfMachine } from "./layers/ReadinessOfMachine.ts"
import { ResultWatcherFolder } from "./layers/ResultWatcherFolder.ts"
import { TaskStoreFile } from "./layers/TaskStoreFile.ts"
import { WakerProcess } from "./layers/WakerProcess.ts"

/** The layers of the actor in production. All of them need the lock of the folder first. */
export const sidecar = (settings: Settings) =>
  Layer.mergeAll(
    HubWebSocket,
    TaskStoreFile,
    WakerProcess,
    ResultWatcherFolder,
    OrphansFolder,
    ReadinessOfMachine,
    ControlSocket,
    MessengerHttp,
    OutboxFolder
  ).pipe(
    Layer.provideMerge(MessageStoreFile),
    Layer.provideMerge(Layer.provide(LoggerWhileHeld, LoggerJsonLines)),
    Layer.provideMerge(FolderLock),
    Layer.provide(Layer.succeed(SidecarConfig, settings))
  )
