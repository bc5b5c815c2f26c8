const { appendFileSync, chmodSync, existsSync, mkdirSync } = require("node:fs")
const { dirname, join } = require("node:path")

// The agent's folder, with its config.json: the one this file is in. For a second agent copy this file into its folder.
const agent = __dirname
const isProgram = existsSync(join(agent, "scripts", "start.mjs"))
const program = isProgram ? agent : dirname(require.resolve("agentcom-sidecar/package.json"))

// npm brings a Node.js of its own; where that was left out, the one of the system has to be new enough.
const own = ["node", "node.exe"].map((name) => join(program, "node_modules", "node", "bin", name))

/** A log of pm2's beside the agent, not in the home folder of whoever started pm2; made here, as pm2 would let every user read it. */
const privateLog = (name) => {
  const folder = join(agent, "logs")
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  appendFileSync(join(folder, name), "", { mode: 0o600 })
  chmodSync(join(folder, name), 0o600)
  return join(folder, name)
}

/** For pm2: `pm2 start ecosystem.config.cjs`. Each setting is there because pm2 does something else without it. */
module.exports = {
  apps: [
    {
      name: "agentcom-sidecar", // for a second agent another one
      cwd: agent,
      script: join(program, "scripts", "start.mjs"), // lets a checkout update itself, then becomes the sidecar
      args: ["run", "--config", join(agent, "config.json")],
      interpreter: own.find(existsSync) ?? "node", // pm2 would take the Node.js it runs on itself
      node_args: "--max-semi-space-size=1", // it makes little garbage: a third less memory, and it stays so
      // The agent is given the NODE_ENV of whoever starts pm2: with ours, npm would leave development packages out of its work.
      env: { NODE_ENV: "production", AGENTCOM_AGENT_NODE_ENV: process.env.NODE_ENV || "" },
      instances: 1, // one folder, one sidecar
      exec_mode: "fork", // cluster mode would load the script inside pm2's own wrapper, which cannot become another program
      watch: false, // it writes into this folder itself
      vizion: false, // pm2 would look through the git repository at every start
      pmx: false, // nor is it to load its monitoring into the sidecar

      kill_timeout: 3_000, // the sidecar needs at most 1 s to stop; pm2 would kill it after 1.6 s
      treekill: false, // the woken agent works on
      shutdown_with_message: process.platform === "win32", // there are no signals there

      autorestart: true,
      // Folder in use, configuration, stopped as asked: to start it again does not help. Not 0: what a signal has killed (too
      // little memory, a crash in native code) is a 0 to pm2, and would stay dead; under pm2 the sidecar says 79 instead. Nor 74:
      // a file that cannot be read may be readable again.
      stop_exit_codes: [73, 78, 79],
      exp_backoff_restart_delay: 1_000, // 1 s, 1.5 s … 15 s, and from the start again after 30 s up
      max_restarts: Number.MAX_SAFE_INTEGER, // pm2 would give up for good after 16 quick ends
      max_memory_restart: "512M", // twice what it needs at most, for an answer of 16 MiB; without a task it takes about 70

      out_file: privateLog("pm2-out.log"),
      error_file: privateLog("pm2-error.log"),
      merge_logs: true // no number in the names, so that they stay the same after `pm2 delete`
    }
  ]
}
