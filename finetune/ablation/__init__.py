"""What a knowledge base and an adapter are worth, each and together, on a tiny model: `python -m finetune.ablation`."""
