import type { FileFound } from "../../src/agent/results/files.ts"
import type { Sightings } from "../../src/agent/results/fileTimes.ts"
import { parseAnswer } from "../../src/agent/results/parse.ts"
import type { TaskResults } from "../../src/agent/results/taskResults.ts"
import type { Moment } from "../../src/storage/moment.ts"

export type FileKind = "started" | "progress" | "json"

/** A file of the results folder; `since` is the virtual time it appeared at, `modified_at` what the wall clock said last. */
export interface ResultFile {
  readonly task_id: string
  readonly kind: FileKind
  readonly since: number
  readonly complete_since: number | null
  readonly modified_at: number
  readonly version: number
  readonly content: string
  readonly writer: number // the session that wrote it
}

const bytes = new TextEncoder()
const folderInPlace: FileFound["content"] = { problem: "is a folder, not a regular file", for_good: true }

/** What an answer that no agent may give looks like here. */
export const a_folder = "<a folder>"

/** The results folder: it survives everything but what a reboot does to the youngest files. */
export class Folder {
  readonly files = new Map<string, ResultFile>()
  readonly kept: Array<ResultFile & { readonly folder: string }> = []
  readonly listeners = new Set<(task_id: string) => void>()
  #versions = 0

  get(task_id: string, kind: FileKind): ResultFile | undefined {
    return this.files.get(`${task_id}.${kind}`)
  }

  write(
    { complete, content, kind, now, task_id, wall, writer }: {
      readonly task_id: string
      readonly kind: FileKind
      readonly content: string
      readonly complete: boolean
      readonly now: number
      readonly wall: number
      readonly writer: number
    }
  ): void {
    const before = this.get(task_id, kind)
    this.files.set(`${task_id}.${kind}`, {
      task_id,
      kind,
      content,
      writer,
      since: before?.since ?? now,
      complete_since: complete ? before?.complete_since ?? now : null,
      modified_at: wall,
      version: ++this.#versions
    })
    for (const listener of this.listeners) listener(task_id)
  }

  remove(task_id: string, kind: FileKind): void {
    if (this.files.delete(`${task_id}.${kind}`)) { for (const listener of this.listeners) listener(task_id) }
  }

  keep(task_id: string, kind: FileKind, folder: string): void {
    const file = this.get(task_id, kind)
    if (file === undefined) return
    this.kept.push({ ...file, folder })
    this.remove(task_id, kind)
  }

  /** What the real watcher reads, dated as it dates it. */
  read(task_id: string, sightings: Sightings, now: Moment): TaskResults {
    const started = this.get(task_id, "started")
    const progress = this.get(task_id, "progress")
    const answer = this.get(task_id, "json")
    const dated = (kind: FileKind, file: ResultFile | undefined) =>
      sightings.see(task_id, kind, file === undefined ? null : { ...file, version: String(file.version) }, now)
    const answered = dated("json", answer)
    return {
      started_at: dated("started", started)?.changed_at ?? null,
      progress_at: dated("progress", progress)?.changed_at ?? null,
      progress: progress === undefined
        ? null
        : { version: String(progress.version), value: { progress: Number(progress.content), execution_event: null } },
      answer: answer === undefined || answered === null ? null : {
        version: String(answer.version),
        value: parseAnswer(`${task_id}.json`, {
          version: String(answer.version),
          modified_at: answered.known_since,
          content: answer.content === a_folder ? folderInPlace : bytes.encode(answer.content)
        }, now.wall)
      }
    }
  }
}
