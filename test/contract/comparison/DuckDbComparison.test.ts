import * as DuckDbComparison from "../../../layers/duckdb/DuckDbComparison.ts"
import { lakeComparisonContract } from "./lakeComparisonContract.ts"

lakeComparisonContract("DuckDB", DuckDbComparison.layer)
