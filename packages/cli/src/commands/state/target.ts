import type { StateRequest } from "@weir/engine";
import type { CommandContext } from "../../command.ts";
import { configureDestination } from "../../project/configure.ts";
import { atPlace } from "../../project/place.ts";
import { projectTarget } from "../../project/target.ts";
import { WorkFolder } from "../../store/work-folder.ts";

/** Does something with the state of one connection of the project. */
export async function withState<Result>(
  context: CommandContext,
  name: string,
  work: (request: StateRequest) => Promise<Result>,
): Promise<Result> {
  const { io, log } = context;
  const target = await projectTarget(context, [name], {});
  const [connection] = target.connections;
  if (connection === undefined) throw new TypeError(`no connection ${name}`);
  const { connector, config } = await configureDestination(connection.destination, target.around);
  const request: StateRequest = {
    connection: name,
    destination: { connector, config },
    store: new WorkFolder(target.folder).store,
    context: { clock: io.clock, log, signal: io.signal },
  };
  return atPlace(connection.destination, () => work(request));
}
