import { configurations } from "./configurations.ts"
import { walk } from "./walk.ts"

const max = Number(process.argv[3] ?? 20_000_000)
for (const config of configurations) {
  if (process.argv[2] !== undefined && config.name !== process.argv[2]) continue
  const { failure, ...figures } = walk(config, max)
  console.log(JSON.stringify(figures))
  if (failure !== null) console.log(failure)
}
