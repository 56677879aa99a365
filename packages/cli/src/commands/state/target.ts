import type { StateRequest } from "@weir/engine";
import type { CommandContext } from "../../command.ts";
import type { Surroundings } from "../../project/surroundings.ts";
import { surroundingsOf } from "../../project/surroundings.ts";
import { configureDestination } from "../../project/configure.ts";
import type { Endpoint } from "../../project/endpoint.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import { endpointOf } from "../../project/flags.ts";
import { atPlace } from "../../project/place.ts";
import { projectTarget } from "../../project/target.ts";
import { WorkFolder } from "../../store/work-folder.ts";

/** Does something with the state of one connection: of the project, or one whose destination options give. */
export async function withState<Result>(
  context: CommandContext,
  name: string,
  options: EndpointOptions,
  work: (request: StateRequest) => Promise<Result>,
): Promise<Result> {
  const { io, log } = context;
  const { destination, around } = await find(context, name, options);
  const { connector, config } = await configureDestination(destination, around);
  const request: StateRequest = {
    connection: name,
    destination: { connector, config },
    store: new WorkFolder(around.folder).store,
    context: { clock: io.clock, log, signal: io.signal },
  };
  return atPlace(destination, () => work(request));
}

interface Found {
  readonly destination: Endpoint;
  readonly around: Surroundings;
}

async function find(context: CommandContext, name: string, options: EndpointOptions): Promise<Found> {
  const given = await endpointOf("destination", options);
  if (given !== undefined) {
    const around = surroundingsOf(context, { env: context.io.env, folder: context.cwd });
    return { destination: given, around };
  }
  const { connections, around } = await projectTarget(context, [name], {});
  const [connection] = connections;
  if (connection === undefined) throw new TypeError(`no connection ${name}`);
  return { destination: connection.destination, around };
}
