#!/usr/bin/env node
import { launch } from "@barnacle/protocol/launch";

await launch(new URL("../src/cli/main.ts", import.meta.url));
