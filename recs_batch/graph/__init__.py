"""The social graph as compressed rows in memory, built from Parquet tables in one pass over each."""

from recs_batch.graph.built_kernels import bring_built_kernels

bring_built_kernels()  # before any module here defines a kernel
