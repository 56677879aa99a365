// A process that lock.test.ts starts: it adds one to a counter under a lock so many times, and fails when it is not alone.
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../src/store/lock.ts";

const [lock = "", counter = "", rounds = "0", holdMs = "1"] = process.argv.slice(2);
const marker = `${counter}.inside`;
process.send?.("ready");
await new Promise((resolve) => process.once("message", resolve));
for (let round = 0; round < Number(rounds); round++) {
  await withLock(lock, async () => {
    // Two inside at once: the second cannot make the marker.
    await (await open(marker, "wx")).close();
    const count = Number(await readFile(counter, "utf8"));
    process.send?.("inside");
    await sleep(Number(holdMs));
    await writeFile(counter, String(count + 1));
    await rm(marker);
  });
}
process.disconnect?.();
