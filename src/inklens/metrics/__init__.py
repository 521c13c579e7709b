"""What figures mean: calibration of confidences, and proportions with their intervals."""
