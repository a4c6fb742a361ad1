import * as MemoryComparison from "../../../layers/memory/comparison/MemoryComparison.ts"
import { lakeComparisonContract } from "./lakeComparisonContract.ts"

lakeComparisonContract("memory", MemoryComparison.layer)
