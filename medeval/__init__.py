"""medeval: evaluate medical AI models where the patient data lives."""
