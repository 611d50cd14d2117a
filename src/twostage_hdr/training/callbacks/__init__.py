"""What accompanies a training: checkpoints, scores, pictures, throughput, signals."""
