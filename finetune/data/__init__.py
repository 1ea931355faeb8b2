"""Training data: files -> rows -> rendered dialogues -> tokens with what is learnt -> packs -> batches."""
