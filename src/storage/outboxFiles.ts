import { join } from "node:path"

/** The folders in the outbox. No message is read from them. */
export const outcomesIn = (outbox_dir: string): string => join(outbox_dir, "outcomes")
export const rejectedIn = (outbox_dir: string): string => join(outbox_dir, "rejected")

/** Where the writer of the file `<name>.json` reads what has become of its message. */
export const outcomePath = (outbox_dir: string, name: string): string => join(outcomesIn(outbox_dir), `${name}.json`)

/** Where the writer of the file `<name>.json` reads the reply. */
export const replyPath = (outbox_dir: string, name: string): string =>
  join(outcomesIn(outbox_dir), `${name}.reply.json`)
